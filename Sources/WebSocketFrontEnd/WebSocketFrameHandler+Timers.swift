import NIOCore

/// The one timer of a connection: the delegate's, the answer to a close frame, and the watch over a stalled peer.
extension WebSocketFrameHandler: DeadlineWaiter {
    func armTimer(at deadline: NIODeadline) {
        guard self.phase == .open else { return }
        self.timerDeadline = deadline
        self.schedule()
    }

    func cancelTimer() {
        guard self.phase == .open else { return }
        self.timerDeadline = .distantFuture
        self.schedule()
    }

    /// Waits for the first thing due.
    func schedule() {
        let due = min(self.timerDeadline, self.stall?.nextCheck ?? .distantFuture)
        if due == .distantFuture || self.context == nil {
            self.share.deadlines.remove(self)
        } else {
            self.share.deadlines.set(due, for: self)
        }
    }

    func deadlineReached(now: NIODeadline) {
        guard let context = self.context else { return }
        switch self.phase {
        case .open:
            self.checkStall(now: now, context: context)
            if self.phase == .open, self.timerDeadline <= now {
                self.timerDeadline = .distantFuture
                self.delegate?.connectionTimerFired()
            }
        case .closing:
            if self.timerDeadline <= now {
                self.timerDeadline = .distantFuture
                context.close(promise: nil)
            }
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
        guard self.phase == .open else { return }
        if let stall = self.stall {
            self.checkPending(self.pendingBytes(context: context), stall, context: context)
            return
        }
        // Behind TLS there is another buffer.
        if self.listener.tls == nil, self.share.isTaken(from: self) { return }
        let pending = self.pendingBytes(context: context)
        guard pending > 0 else { return }
        let stall = SendStall(
            pending: pending, now: .now(), timeout: self.listener.configuration.sendTimeout,
            memory: self.listener.memory)
        self.stall = stall
        self.schedule()
        self.checkPending(pending, stall, context: context)
    }

    /// Closes the connection of a peer that leaves too much of what is written to it (behaviour.md, "Bounds").
    private func checkPending(_ pending: Int, _ stall: SendStall, context: ChannelHandlerContext) {
        let longest = max(self.listener.memory.share, self.listener.configuration.maxFrameSize + 64 * 1024)
        guard !stall.mayLeave(pending: pending, longest: longest) else { return }
        let end = ConnectionEnd(reason: "send_queue_full", detail: "\(pending) bytes that the peer does not take")
        self.end(end, context: context)
        context.close(promise: nil)
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
        self.checkPending(pending, stall, context: context)
        guard self.phase == .open else { return }
        let configuration = self.listener.configuration
        if configuration.closesOnSendTimeout, stall.lastProgress + configuration.sendTimeout <= now {
            self.end(
                ConnectionEnd(reason: "send_timeout", detail: "\(pending) bytes that the peer does not take"),
                context: context)
            context.close(promise: nil)
        }
    }
}
