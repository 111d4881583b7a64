import NIOCore

/// Waits for the PROXY header at the very beginning of a connection, sets up what comes next with the address in it,
/// and is gone.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler, DeadlineWaiter {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let listener: ListenerState
    private let share: LoopShare
    private let origin: ConnectionOrigin
    private var received = ByteBuffer()
    private var isDone = false
    private var context: ChannelHandlerContext?
    var deadlinePlace: DeadlinePlace?

    /// - Parameter origin: The proxy itself.
    init(listener: ListenerState, share: LoopShare, origin: ConnectionOrigin) {
        self.listener = listener
        self.share = share
        self.origin = origin
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let deadline = min(.now() + self.listener.configuration.proxyProtocolTimeout, self.origin.handshakeDeadline)
        self.share.deadlines.set(deadline, for: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.share.deadlines.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isDone else { return }
        var bytes = self.unwrapInboundIn(data)
        if self.received.readableBytes == 0 {
            self.received = bytes
        } else {
            self.received.writeBuffer(&bytes)
        }
        switch ProxyHeader.read(from: &self.received) {
        case .incomplete: break
        case .malformed(let reason): self.refuse(reason, context: context)
        case .header(let header): self.proceed(header, context: context)
        }
    }

    private func proceed(_ header: ProxyHeader, context: ChannelHandlerContext) {
        self.isDone = true
        var origin = self.origin
        if let source = header.source {
            origin.address = source
        } else {
            origin.isProxyItself = header.certificate == nil
        }
        origin.certificate = header.certificate
        do {
            guard try AcceptedConnection.proceed(on: context.channel, listener: self.listener, origin: origin) else {
                return
            }
        } catch {
            self.listener.admission.handshakeRefused(self.refusal("\(error)"))
            context.close(promise: nil)
            return
        }
        let rest = self.received
        self.received = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(self.wrapInboundOut(rest))
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Port probes connect and go.
        if !self.isDone, self.received.readableBytes > 0 {
            self.isDone = true
            self.listener.refusedUnseen(
                self.refusal("connection closed within the PROXY header"), eventLoop: context.eventLoop)
        }
        context.fireChannelInactive()
    }

    func deadlineReached(now: NIODeadline) {
        guard let context = self.context, !self.isDone else { return }
        self.refuse("no PROXY header within the time-out", context: context)
    }

    private func refuse(_ reason: String, context: ChannelHandlerContext) {
        self.isDone = true
        self.received = ByteBuffer()
        self.listener.refusedUnseen(self.refusal(reason), eventLoop: context.eventLoop)
        context.close(promise: nil)
    }

    private func refusal(_ reason: String) -> HandshakeRefusal {
        HandshakeRefusal(
            listener: self.listener.configuration.name, remoteAddress: self.origin.remote, identity: nil, status: nil,
            reason: reason)
    }
}
