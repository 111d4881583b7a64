import NIOCore

/// When a connection reads: while its delegate wants messages and its peer takes what is written.
extension WebSocketFrameHandler {
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        updateReading()
        context.fireChannelWritabilityChanged()
    }

    func pauseReading() {
        isPaused = true
        updateReading()
    }

    func resumeReading() {
        guard isPaused else { return }
        isPaused = false
        guard held != nil, let context else {
            updateReading()
            return
        }
        // Not from here: the delegate is in the middle of a call.
        context.eventLoop.assumeIsolated().execute { self.deliverHeld() }
    }

    func deliverHeld() {
        guard phase == .open, let context else { return }
        var delivered = 0
        while !isPaused, let held, !held.isEmpty {
            if delivered == limits.framesPerRound {
                context.eventLoop.assumeIsolated().execute { self.deliverHeld() }
                return
            }
            delivered += 1
            if let message = held.popFirst(), let text = self.text(of: message, context: context) {
                delegate?.connectionReceived(text: text)
            }
            guard phase == .open else { return }
        }
        if self.held?.isEmpty == true { self.held = nil }
        updateReading()
    }

    /// Reads while the delegate wants messages and the peer takes what is written; a closing connection reads on to
    /// find the peer's close frame.
    func updateReading() {
        guard let context, phase != .closed else { return }
        let reads =
            phase == .closing || (!isPaused && held == nil && context.channel.isWritable)
        guard reads != isAutoReading else { return }
        isAutoReading = reads
        try? context.channel.syncOptions?.setOption(.autoRead, value: reads)
    }
}
