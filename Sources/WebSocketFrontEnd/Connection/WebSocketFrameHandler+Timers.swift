import NIOCore

/// The one timer of a connection: the delegate's, the answer to a close frame, and the watch over a stalled peer.
extension WebSocketFrameHandler: DeadlineWaiter {
    func armTimer(at deadline: NIODeadline) {
        guard phase == .open else { return }
        timerDeadline = deadline
        schedule()
    }

    func cancelTimer() {
        guard phase == .open else { return }
        timerDeadline = .distantFuture
        schedule()
    }

    /// Waits for the first thing due.
    func schedule() {
        let due = min(timerDeadline, stall?.nextCheck ?? .distantFuture)
        if due == .distantFuture || context == nil {
            resources.deadlines.remove(self)
        } else {
            resources.deadlines.set(due, for: self)
        }
    }

    func deadlineReached(now: NIODeadline) {
        guard let context else { return }
        switch phase {
        case .open:
            checkStall(now: now, context: context)
            if phase == .open, timerDeadline <= now {
                timerDeadline = .distantFuture
                delegate?.connectionTimerFired()
            }
        case .closing:
            if timerDeadline <= now {
                timerDeadline = .distantFuture
                context.close(promise: nil)
            }
        case .closed:
            return
        }
        schedule()
    }

    // MARK: A peer that takes nothing

    /// Bytes that the kernel has not taken yet.
    func pendingBytes(context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }

    func hasRoom(for bytes: Int) -> Bool {
        guard stall != nil, let context else { return true }
        let pending = pendingBytes(context: context)
        return pending == 0
            || pending + bytes <= limits.mostWaiting && limits.memory.used + bytes <= limits.memory.limit
    }

    func watchForStall(context: ChannelHandlerContext) {
        guard phase == .open else { return }
        if let stall {
            checkPending(pendingBytes(context: context), stall, context: context)
            return
        }
        // Behind TLS there is another buffer.
        if !limits.isBehindTLS, resources.isTaken(from: self) { return }
        let pending = pendingBytes(context: context)
        guard pending > 0 else { return }
        let stall = SendStall(
            pending: pending, now: .now(), timeout: limits.sendTimeout,
            memory: limits.memory)
        self.stall = stall
        schedule()
        checkPending(pending, stall, context: context)
    }

    /// Closes the connection of a peer that leaves too much of what is written to it.
    private func checkPending(_ pending: Int, _ stall: SendStall, context: ChannelHandlerContext) {
        guard !stall.mayLeave(pending: pending, longest: limits.mostPending) else { return }
        let end = ConnectionEnd(reason: .sendQueueFull, detail: "\(pending) bytes that the peer does not take")
        self.end(end, context: context)
        closeAtOnce(context: context)
    }

    /// Past the TLS handler, which would say goodbye to a peer that takes nothing, and keep what lies for it meanwhile.
    private func closeAtOnce(context: ChannelHandlerContext) {
        let tls = try? context.pipeline.syncOperations.context(handlerType: TLSServerHandler.self)
        (tls ?? context).close(promise: nil)
    }

    private func checkStall(now: NIODeadline, context: ChannelHandlerContext) {
        guard let stall, stall.nextCheck <= now else { return }
        let pending = pendingBytes(context: context)
        guard pending > 0 else {
            self.stall = nil
            return
        }
        stall.update(pending: pending, now: now)
        checkPending(pending, stall, context: context)
        guard phase == .open else { return }
        if limits.closesOnSendTimeout, stall.lastProgress + limits.sendTimeout <= now {
            end(
                ConnectionEnd(reason: .sendTimeout, detail: "\(pending) bytes that the peer does not take"),
                context: context)
            closeAtOnce(context: context)
        }
    }
}
