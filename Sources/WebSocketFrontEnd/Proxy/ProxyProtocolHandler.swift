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
        let deadline = min(.now() + listener.configuration.proxyProtocolTimeout, origin.handshakeDeadline)
        share.deadlines.set(deadline, for: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        share.deadlines.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.writeBuffer(&bytes)
        }
        switch ProxyHeader.read(from: &received) {
        case .incomplete: break
        case .malformed(let reason): refuse(reason, context: context)
        case .header(let header): proceed(header, context: context)
        }
    }

    private func proceed(_ header: ProxyHeader, context: ChannelHandlerContext) {
        isDone = true
        var origin = self.origin
        if let source = header.source {
            origin.address = source
        } else {
            origin.isProxyItself = header.certificate == nil
        }
        origin.certificate = header.certificate
        do {
            guard try AcceptedConnection.proceed(on: context.channel, listener: listener, origin: origin) else {
                return
            }
        } catch {
            listener.admission.handshakeRefused(refusal("\(error)"))
            context.close(promise: nil)
            return
        }
        let rest = received
        received = ByteBuffer()
        if rest.readableBytes > 0 {
            context.fireChannelRead(wrapInboundOut(rest))
        }
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        // Port probes connect and go.
        if !isDone, received.readableBytes > 0 {
            isDone = true
            listener.refusedUnseen(
                refusal("connection closed within the PROXY header"), eventLoop: context.eventLoop)
        }
        context.fireChannelInactive()
    }

    func deadlineReached(now: NIODeadline) {
        guard let context, !isDone else { return }
        refuse("no PROXY header within the time-out", context: context)
    }

    private func refuse(_ reason: String, context: ChannelHandlerContext) {
        isDone = true
        received = ByteBuffer()
        listener.refusedUnseen(refusal(reason), eventLoop: context.eventLoop)
        context.close(promise: nil)
    }

    private func refusal(_ reason: String) -> HandshakeRefusal {
        HandshakeRefusal(
            listener: listener.configuration.name, remoteAddress: origin.remote, identity: nil, status: nil,
            reason: reason)
    }
}
