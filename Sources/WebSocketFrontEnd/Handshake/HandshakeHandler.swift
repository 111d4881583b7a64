import Authentication
import NIOCore
import NIOHTTP1
import OutsideNames

/// Moves the bytes of one connection's opening handshake, as `HandshakeStateMachine` says, and puts the WebSocket handler
/// in the place of the HTTP ones.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, DeadlineWaiter {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a refused peer may keep its side open.
    private static let lingerTime = TimeAmount.seconds(2)

    private let listener: ListenerState
    private let resources: EventLoopResources
    private let codec: HandshakeCodec
    private let origin: ConnectionOrigin
    private var machine: HandshakeStateMachine
    private var peer: PeerAddress
    /// The client's, or what a proxy in front has told of it.
    private var certificate: PeerCertificate?
    private var note: HandshakeRequestNote?
    private var method = HTTPMethod.GET
    /// Asks the admission.
    private var asking: Task<Void, Never>?
    /// When the request came.
    private var began: NIODeadline?
    /// When it was asked, where it did not say at once.
    private var askedAt: NIODeadline?
    private var context: ChannelHandlerContext?
    var deadlinePlace: DeadlinePlace?

    /// Sets up a connection that was just accepted.
    static func start(on channel: any Channel, listener: ListenerState, origin: ConnectionOrigin) throws {
        if let tls = listener.tls {
            try TLSHandshakeHandler.start(on: channel, tls: tls, listener: listener, origin: origin)
        }
        let handler = HandshakeHandler(
            listener: listener, resources: listener.eventLoops.resources(of: channel.eventLoop), origin: origin)
        try handler.codec.add(to: channel.pipeline.syncOperations)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private init(listener: ListenerState, resources: EventLoopResources, origin: ConnectionOrigin) {
        self.listener = listener
        self.resources = resources
        self.origin = origin
        codec = HandshakeCodec(receiveBuffer: listener.configuration.receiveBuffer)
        machine = HandshakeStateMachine(rules: listener.rules)
        peer = origin.peer
        certificate = origin.certificate
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        resources.deadlines.set(origin.handshakeDeadline, for: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        resources.deadlines.remove(self)
        _ = machine.ended()
        asking?.cancel()
    }

    // MARK: The request

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let request): requestCame(request, context: context)
        // A body behind a request that is answered already.
        case .body: break
        case .end: if case .upgrade(let upgrade) = machine.requestEnded() { start(upgrade, context: context) }
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let certificate = event as? PeerCertificate {
            self.certificate = certificate
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    private func requestCame(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
        let action = machine.requestCame(request)
        if case .ignore = action { return }
        began = .now()
        method = request.method
        peer = listener.configuration.forwardedAddress.address(in: request.headers, peer: origin.address) ?? peer
        let shown = ShownCredentials(request.headers)
        note = HandshakeRequestNote(
            request, userName: listener.admission.userNameIsSecret ? nil : shown.userName)
        switch action {
        case .ignore: break
        case .refuse(let answer): refuse(answer, context: context)
        case .takePlace: follow(takePlace(), shown, context: context)
        }
    }

    private func takePlace() -> HandshakeStateMachine.PlaceAction {
        do throws(ListenerState.NoPlace) {
            return machine.gotPlace(
                try listener.takePlace(), certificate: certificate, takesTokens: listener.admission.takesTokens)
        } catch {
            return machine.gotNoPlace(error.reason)
        }
    }

    private func follow(
        _ action: HandshakeStateMachine.PlaceAction, _ shown: ShownCredentials, context: ChannelHandlerContext
    ) {
        switch action {
        case .ignore: break
        case .refuse(let answer): refuse(answer, context: context)
        case .ask(let identity, let subprotocol): ask(identity, subprotocol, shown, context: context)
        }
    }

    // MARK: The verdict

    private var isEncrypted: Bool { listener.tls != nil || origin.isEncrypted }

    private var verifiedCertificate: ClientCertificate? {
        certificate.flatMap { $0.isVerified ? $0.certificate : nil }
    }

    private func ask(
        _ identity: ChargePointIdentity, _ subprotocol: String?, _ shown: ShownCredentials,
        context: ChannelHandlerContext
    ) {
        let credentials = Credentials(
            identity: identity, userName: shown.userName, password: shown.password, bearerToken: shown.bearerToken,
            peerHost: peer.host, listener: listener.id.description, subprotocol: subprotocol,
            isEncrypted: isEncrypted, certificate: verifiedCertificate, peerPort: peer.port)
        switch listener.admission.admit(credentials, on: context.eventLoop) {
        case .now(let admission):
            decided(admission, context: context)
        case .later(let decide):
            let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
            askedAt = .now()
            asking = Task {
                let admission = await decide()
                handler.eventLoop.execute {
                    guard let context = handler.value.context else { return }
                    handler.value.decided(admission, context: context)
                }
            }
        }
    }

    private func decided(_ admission: Admission, context: ChannelHandlerContext) {
        asking = nil
        switch machine.decided(admission, takesTokens: listener.admission.takesTokens) {
        case .ignore, .waitForEnd: break
        case .refuse(let answer): refuse(answer, context: context)
        case .upgrade(let upgrade): start(upgrade, context: context)
        }
    }

    // MARK: What goes wrong

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error on a connection that is going down anyway is told by channelInactive.
        guard context.channel.isActive, !(error is IOError) else { return }
        if TLSFailure.isTLS(error) {
            // The TLS handler closes the connection.
            end(reason: "TLS error before the handshake was complete")
            return
        }
        guard machine.failed() else { return }
        asking?.cancel()
        refuse(codec.answer(to: error, isTLS: listener.tls != nil), context: context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(reason: "connection closed before the handshake was complete", saidNothing: !codec.gate.sawBytes)
        context.fireChannelInactive()
    }

    func deadlineReached(now: NIODeadline) {
        guard let context else { return }
        switch machine.timedOut() {
        case .endAndClose:
            asking?.cancel()
            report(identity: nil, status: nil, reason: "handshake time-out")
            context.close(promise: nil)
        case .close:
            context.close(promise: nil)
        case .ignore:
            break
        }
    }

    /// A connection that ends without an answer. Port probes and load balancers connect and go: of one that has said
    /// nothing nothing is told.
    private func end(reason: String, saidNothing: Bool = false) {
        asking?.cancel()
        guard machine.ended(), !saidNothing else { return }
        report(identity: nil, status: nil, reason: reason)
    }

    private func refuse(_ answer: HandshakeAnswer, context: ChannelHandlerContext) {
        report(identity: answer.identity, status: Int(answer.status.code), reason: answer.reason)
        context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
        if method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Closing both ways with unread bytes would make the kernel send a reset, and the answer might be lost.
        codec.gate.discards = true
        context.close(mode: .output, promise: nil)
        resources.deadlines.set(.now() + Self.lingerTime, for: self)
    }

    private func report(identity: ChargePointIdentity?, status: Int?, reason: String) {
        // Nobody's handshake: a health check of the proxy.
        if origin.isProxyItself, identity == nil { return }
        listener.refused(
            HandshakeRefusal(
                listener: listener.id, peer: peer, identity: identity, status: status, reason: reason, request: note,
                decidedIn: askedAt.map { .now() - $0 }, began: began))
    }

    // MARK: The switch

    private func start(_ upgrade: HandshakeStateMachine.Upgrade, context: ChannelHandlerContext) {
        guard !listener.isStopped else {
            if let answer = machine.cameTooLate(ListenerState.stopReason) { refuse(answer, context: context) }
            return
        }
        HandshakeCodec.switchingHeaders(for: upgrade.request, on: context.channel)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let headers):
                    self.finish(upgrade, headers, context: context)
                case .failure:
                    guard self.machine.failed() else { return }
                    let answer = HandshakeAnswer(status: .badRequest, reason: "not a WebSocket handshake")
                    self.refuse(answer, context: context)
                }
            }
    }

    private func finish(
        _ upgrade: HandshakeStateMachine.Upgrade, _ headers: HTTPHeaders, context: ChannelHandlerContext
    ) {
        let compression = listener.compressionAgreement(upgrade)
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
            .agreeing(on: upgrade.outcome, compression)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // The write may have found the connection reset; then channelInactive has told everything.
        switch machine.switched() {
        case .ignore:
            break
        case .open(let identity, let subprotocol, let place, let admitted):
            guard let frameHandler = replaceHandlers(compression, context: context) else { return }
            listener.traffic.counters.add(.switched)
            frameHandler.open(place)
            let handshake = AcceptedHandshake(
                identity: identity, subprotocol: subprotocol, peer: peer, listener: listener.id,
                acceptance: admitted.acceptance,
                securityProfile: SecurityProfile(
                    isEncrypted: isEncrypted, hasCertificate: verifiedCertificate != nil),
                certificate: certificate, began: began ?? .now())
            frameHandler.delegate = admitted.open(
                WebSocketConnection(frameHandler, eventLoop: context.eventLoop), handshake)
        case .turnAway(let identity, let reason):
            guard let frameHandler = replaceHandlers(compression, context: context) else { return }
            report(identity: identity, status: 101, reason: reason)
            frameHandler.turnAway(code: 1002, reason: reason)
        }
    }

    /// Nil: it has failed, and the connection is closed.
    private func replaceHandlers(
        _ compression: CompressionAgreement?, context: ChannelHandlerContext
    ) -> WebSocketFrameHandler? {
        let frameHandler = WebSocketFrameHandler(
            limits: listener.limits, resources: resources, compression: compression)
        do {
            try context.pipeline.syncOperations.addHandler(frameHandler)
        } catch {
            report(identity: nil, status: nil, reason: "\(error)")
            context.close(promise: nil)
            return nil
        }
        codec.remove(from: context.channel)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        return frameHandler
    }
}
