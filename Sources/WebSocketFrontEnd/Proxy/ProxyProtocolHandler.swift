import NIOCore

/// Waits for the PROXY header at the very beginning of a connection, sets up what comes next with the address in it,
/// and is gone.
final class ProxyProtocolHandler: ChannelInboundHandler, RemovableChannelHandler, DeadlineWaiter {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let listener: ListenerState
    private let resources: EventLoopResources
    private let origin: ConnectionOrigin
    private let proceed: (any Channel, ConnectionOrigin) throws -> Bool
    private var received = ByteBuffer()
    private var isDone = false
    private var context: ChannelHandlerContext?
    var deadlinePlace: DeadlinePlace?

    /// - Parameters:
    ///   - origin: The proxy itself.
    ///   - proceed: Goes on with the charge point's origin; false: it may not connect, and the channel is closed.
    init(
        listener: ListenerState, resources: EventLoopResources, origin: ConnectionOrigin,
        proceed: @escaping (any Channel, ConnectionOrigin) throws -> Bool
    ) {
        self.listener = listener
        self.resources = resources
        self.origin = origin
        self.proceed = proceed
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let deadline = min(.now() + listener.configuration.proxyProtocolTimeout, origin.handshakeDeadline)
        resources.deadlines.set(deadline, for: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        resources.deadlines.remove(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        var bytes = unwrapInboundIn(data)
        if received.readableBytes == 0 {
            received = bytes
        } else {
            received.writeBuffer(&bytes)
        }
        switch ProxyHeaderReader.read(from: &received) {
        case .incomplete: break
        case .malformed(let reason): refuse(reason, context: context)
        case .header(let header): goOn(header, context: context)
        }
    }

    private func goOn(_ header: ProxyHeader, context: ChannelHandlerContext) {
        isDone = true
        var origin = self.origin
        if let source = header.source {
            origin.address = source
        } else {
            origin.isProxyItself = header.certificate == nil
        }
        origin.certificate = header.certificate
        origin.isEncrypted = header.isEncrypted
        do {
            guard try proceed(context.channel, origin) else { return }
        } catch {
            listener.refusedUnseen(origin.peer, "\(error)", eventLoop: context.eventLoop)
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
                origin.peer, "connection closed within the PROXY header", eventLoop: context.eventLoop)
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
        listener.refusedUnseen(origin.peer, reason, eventLoop: context.eventLoop)
        context.close(promise: nil)
    }
}
