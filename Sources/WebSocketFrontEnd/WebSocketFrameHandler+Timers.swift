import NIOCore

/// The one timer of a connection: the delegate's, the answer to a close frame, and the watch over a stalled peer.
///
/// Callbacks of the event loop are never cancelled, because that costs a search through all callbacks of the loop.
/// Arming later than an earlier callback only notes the time; the callback then asks for the next one.
extension WebSocketFrameHandler: NIOScheduledCallbackHandler {
    /// The furthest that a callback is scheduled ahead: it keeps this object alive after the connection has gone.
    private static let furthestCallback = TimeAmount.seconds(60)

    func armTimer(at deadline: NIODeadline) {
        guard self.phase == .open else { return }
        self.timerDeadline = deadline
        self.schedule()
    }

    func cancelTimer() {
        guard self.phase == .open else { return }
        self.timerDeadline = nil
    }

    /// Makes sure that a callback comes no later than the first thing due.
    func schedule() {
        var due = self.timerDeadline
        if let check = self.stall?.nextCheck {
            due = due.map { min($0, check) } ?? check
        }
        guard let due, let context = self.context else { return }
        if let scheduledAt = self.scheduledAt, scheduledAt <= due { return }
        let at = min(due, .now() + Self.furthestCallback)
        if let scheduledAt = self.scheduledAt, scheduledAt <= at { return }
        self.scheduledAt = at
        _ = try? context.eventLoop.assumeIsolated().scheduleCallback(at: at, handler: self)
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        guard let context = self.context else { return }
        let now = NIODeadline.now()
        if let scheduledAt = self.scheduledAt, scheduledAt <= now { self.scheduledAt = nil }
        switch self.phase {
        case .open:
            self.checkStall(now: now, context: context)
            if self.phase == .open, let deadline = self.timerDeadline, deadline <= now {
                self.timerDeadline = nil
                self.delegate?.connectionTimerFired()
            }
        case .closing:
            if let deadline = self.timerDeadline, deadline <= now { context.close(promise: nil) }
        case .closed:
            return
        }
        self.schedule()
    }

    // MARK: A peer that takes nothing

    /// Bytes that the kernel has not taken yet.
    func pendingBytes(context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func watchForStall(context: ChannelHandlerContext) {
        guard self.stall == nil, self.phase == .open else { return }
        // Behind TLS there is another buffer.
        if self.listener.tls == nil, self.share.isTaken(from: self) { return }
        let pending = self.pendingBytes(context: context)
        guard pending > 0 else { return }
        self.stall = SendStall(pending: pending, now: .now(), timeout: self.listener.configuration.sendTimeout)
        self.schedule()
    }

    private func checkStall(now: NIODeadline, context: ChannelHandlerContext) {
        guard let stall = self.stall, stall.nextCheck <= now else { return }
        let pending = self.pendingBytes(context: context)
        guard pending > 0 else {
            self.stall = nil
            if let ping = stall.unansweredPing {
                self.write(.pong, ping, context: context)
                self.flush(context: context)
            }
            return
        }
        stall.update(pending: pending, now: now)
        let configuration = self.listener.configuration
        if configuration.closesOnSendTimeout, stall.lastProgress + configuration.sendTimeout <= now {
            self.end(ConnectionEnd(reason: "send_timeout"), context: context)
            context.close(promise: nil)
        }
    }
}
