import NIOCore
import NIOHTTP1
import NIOWebSocket
import OutsideNames

/// Answers one connection's opening handshake, and puts the WebSocket handler in the place of the HTTP ones.
final class HandshakeHandler: ChannelInboundHandler, RemovableChannelHandler, DeadlineWaiter {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case waitingForRequest
        /// The authenticator has been asked; what was decided about the rest waits for its answer.
        case authenticating(HTTPRequestHead, HandshakeDecision, hasEnded: Bool)
        /// Decided; the 101 goes out once the request has been read to its end.
        case accepted(HTTPRequestHead, HandshakeDecision)
        /// Answered; closed when the peer has closed too, or at the deadline.
        case refused
        case done
    }

    /// All request headers and the target together, in bytes.
    private static let longestHead = 16 * 1024
    /// How long a refused peer may keep its side open.
    private static let lingerTime = TimeAmount.seconds(2)

    /// Only computes the answer's headers, `Sec-WebSocket-Accept` among them.
    private static let upgrader = NIOWebSocketServerUpgrader(
        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
        upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    )

    private let listener: ListenerState
    private let gate = HandshakeGate(isBeforeHTTP: true)
    private let share: LoopShare
    private let encoder = HTTPResponseEncoder()
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private var state = State.waitingForRequest
    private let origin: ConnectionOrigin
    private var remoteAddress: String
    private var note: HandshakeRequestNote?
    private var certificate: PeerCertificate?
    private var username: UserName?
    private var ticket: AdmissionTicket?
    private var context: ChannelHandlerContext?
    var deadlinePlace: DeadlinePlace?

    /// Sets up a connection that was just accepted.
    static func start(on channel: any Channel, listener: ListenerState, origin: ConnectionOrigin) throws {
        let handler = HandshakeHandler(
            listener: listener, share: listener.share(of: channel.eventLoop), origin: origin)
        if let tls = listener.tls {
            try TLSHandshakeHandler.start(on: channel, tls: tls, listener: listener, origin: origin)
        }
        try channel.pipeline.syncOperations.addHandlers([handler.gate, handler.encoder, handler.decoder, handler])
    }

    private init(listener: ListenerState, share: LoopShare, origin: ConnectionOrigin) {
        self.listener = listener
        self.share = share
        decoder = Self.makeDecoder(receiveBuffer: listener.configuration.receiveBuffer)
        self.origin = origin
        remoteAddress = origin.remote
        // What a proxy has verified counts as if it had been shown here.
        if let names = origin.certificate, names.isVerified {
            certificate = PeerCertificate(commonName: names.commonName)
        }
    }

    private static func makeDecoder(receiveBuffer: Int) -> ByteToMessageHandler<HTTPRequestDecoder> {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = longestHead
        limits.maxHeaderListSize = longestHead
        limits.maxHeaderFieldCount = 100
        return ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
            maximumBufferSize: 2 * longestHead + receiveBuffer
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        share.deadlines.set(origin.handshakeDeadline, for: self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        share.deadlines.remove(self)
        ticket = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (state, unwrapInboundIn(data)) {
        case (.waitingForRequest, .head(let request)):
            decide(request, context: context)
        case (.accepted(let request, let decision), .end):
            upgrade(request, decision, context: context)
        case (.authenticating(let request, let decision, _), .end):
            state = .authenticating(request, decision, hasEnded: true)
        default:
            // A body or a pipelined request behind one that is answered already.
            break
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if let certificate = event as? PeerCertificate {
            self.certificate = certificate
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error on a connection that is going down anyway is told by channelInactive.
        guard context.channel.isActive, !(error is IOError) else { return }
        if TLSFailure.isTLS(error) {
            // The TLS handler closes the connection.
            end(reason: "TLS error before the handshake was complete", saidNothing: false)
            return
        }
        switch state {
        case .waitingForRequest:
            break
        case .accepted, .authenticating:
            listener.leave()
        case .refused, .done:
            return
        }
        let tooLarge =
            error as? HTTPParserError == .headerOverflow || error is ByteToMessageDecoderError.PayloadTooLargeError
        let answer =
            tooLarge
            ? HandshakeAnswer(status: .requestHeaderFieldsTooLarge, reason: "the request headers are too large")
            : HandshakeAnswer(status: .badRequest, reason: noRequestReason)
        refuse(answer, method: .GET, context: context)
    }

    private var noRequestReason: String {
        guard gate.sawTLS else { return "not an HTTP/1.1 request" }
        return listener.tls == nil
            ? "TLS on a listener without it (ws): the charge point should use ws://, or another port"
            : "TLS inside of TLS"
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(reason: "connection closed before the handshake was complete", saidNothing: !gate.sawBytes)
        context.fireChannelInactive()
    }

    func deadlineReached(now: NIODeadline) {
        guard let context else { return }
        switch state {
        case .waitingForRequest, .accepted, .authenticating:
            end(reason: "handshake time-out", saidNothing: false)
            context.close(promise: nil)
        case .refused:
            context.close(promise: nil)
        case .done:
            break
        }
    }

    /// A connection that ends without an answer.
    private func end(reason: String, saidNothing: Bool) {
        switch state {
        case .waitingForRequest:
            break
        case .accepted, .authenticating:
            listener.leave()
        case .refused, .done:
            return
        }
        state = .done
        // Port probes and load balancers connect and go.
        guard !saidNothing else { return }
        report(identity: nil, status: nil, reason: reason)
    }

    private func decide(_ request: HTTPRequestHead, context: ChannelHandlerContext) {
        let forwarded = listener.configuration.forwardedAddress
        if let address = forwarded.address(in: request.headers, peer: origin.address) {
            remoteAddress = address
        }
        let credentials = self.credentials(request)
        note = HandshakeRequestNote(request, username: credentials?.username)
        var hasPlace = false
        var asked: ChargePointIdentity?
        let decision = listener.rules.decide(request) {
            let reason = listener.enter()
            hasPlace = reason == nil
            return reason
        } authentication: { identity in
            if let refusal = certificateRefusal(identity) { return refusal }
            asked = listener.authenticates ? identity : nil
            return nil
        }
        if let asked {
            authenticate(asked, credentials, request, decision, context: context)
            return
        }
        switch decision {
        case .refuse(let answer):
            if hasPlace { listener.leave() }
            refuse(answer, method: request.method, context: context)
        case .accept, .acceptThenClose:
            state = .accepted(request, decision)
        }
    }

    private func credentials(_ request: HTTPRequestHead) -> BasicCredentials? {
        let values = request.headers["authorization"]
        return values.count == 1 ? BasicCredentials(authorization: values[0]) : nil
    }

    /// Why the client certificate is not the identity's, where it must be.
    private func certificateRefusal(_ identity: ChargePointIdentity) -> HandshakeAnswer? {
        let source = listener.configuration.identityFromCertificate
        guard source != .none else { return nil }
        guard let certificate else {
            return .unauthorized("no client certificate to take the identity from", identity: identity)
        }
        return certificate.mismatch(identity, source).map { .unauthorized($0, identity: identity) }
    }

    private func authenticate(
        _ identity: ChargePointIdentity, _ basic: BasicCredentials?, _ request: HTTPRequestHead,
        _ decision: HandshakeDecision, context: ChannelHandlerContext
    ) {
        state = .authenticating(request, decision, hasEnded: false)
        var subprotocol: String?
        if case .accept(_, let agreed, _) = decision { subprotocol = agreed }
        let credentials = HandshakeCredentials(
            identity: identity,
            subprotocol: subprotocol,
            listener: listener.configuration.name,
            remoteAddress: remoteAddress,
            basic: basic,
            certificate: certificate,
            connectionClosed: context.channel.closeFuture
        )
        listener.admission.authenticate(credentials, on: context.eventLoop)
            .hop(to: context.eventLoop)
            .assumeIsolated()
            .whenComplete { result in
                let verdict = (try? result.get()) ?? .unavailable(reason: "the authentication failed")
                self.authenticated(verdict, identity: identity)
            }
    }

    private func authenticated(_ verdict: HandshakeVerdict, identity: ChargePointIdentity) {
        // The connection may have ended meanwhile.
        guard case .authenticating(let request, let decision, let hasEnded) = state, let context
        else { return }
        let refusal: HandshakeAnswer
        switch (verdict, decision) {
        case (.accepted, .refuse(let answer)):
            refusal = answer
        case (.accepted(let username, let ticket), .accept), (.accepted(let username, let ticket), .acceptThenClose):
            self.username = username
            self.ticket = ticket
            state = .accepted(request, decision)
            if hasEnded { upgrade(request, decision, context: context) }
            return
        case (.wrongCredentials(let reason), _):
            refusal = .unauthorized(reason, identity: identity)
        case (.unknownIdentity, _):
            refusal = HandshakeAnswer(status: .notFound, reason: "unknown identity", identity: identity)
        case (.unavailable(let reason), _):
            refusal = .unavailable(reason, identity: identity, publicReason: "try again later")
        }
        listener.leave()
        refuse(refusal, method: request.method, context: context)
    }

    private func refuse(_ answer: HandshakeAnswer, method: HTTPMethod, context: ChannelHandlerContext) {
        state = .refused
        report(identity: answer.identity, status: Int(answer.status.code), reason: answer.reason)

        let body = ByteBuffer(string: answer.body)
        var headers = HTTPHeaders()
        // RFC 9110, 7.8: who sends Upgrade names it in Connection.
        let upgrades = answer.headers.contains { $0.name == "Upgrade" }
        headers.add(name: "Connection", value: upgrades ? "close, Upgrade" : "close")
        headers.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        headers.add(name: "Content-Length", value: String(body.readableBytes))
        for header in answer.headers { headers.add(name: header.name, value: header.value) }
        let head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // Closing both ways with unread bytes would make the kernel send a reset, and the answer might be lost.
        gate.discards = true
        context.close(mode: .output, promise: nil)
        share.deadlines.set(.now() + Self.lingerTime, for: self)
    }

    private func upgrade(_ request: HTTPRequestHead, _ decision: HandshakeDecision, context: ChannelHandlerContext) {
        Self.upgrader
            .buildUpgradeResponse(channel: context.channel, upgradeRequest: request, initialResponseHeaders: [:])
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let headers):
                    self.finishUpgrade(request, headers, decision, context: context)
                case .failure:
                    self.listener.leave()
                    let answer = HandshakeAnswer(status: .badRequest, reason: "not a WebSocket handshake")
                    self.refuse(answer, method: request.method, context: context)
                }
            }
    }

    private func finishUpgrade(
        _ request: HTTPRequestHead,
        _ upgradeHeaders: HTTPHeaders,
        _ decision: HandshakeDecision,
        context: ChannelHandlerContext
    ) {
        var headers = upgradeHeaders
        headers.replaceOrAdd(name: "Connection", value: "Upgrade")
        if case .accept(_, _, let announced?) = decision {
            headers.add(name: "Sec-WebSocket-Protocol", value: announced)
        }
        let agreement = compressionAgreement(request, decision)
        if let agreement { headers.add(name: "Sec-WebSocket-Extensions", value: agreement.header) }
        let head = HTTPResponseHead(version: .http1_1, status: .switchingProtocols, headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        // The write may have found the connection reset; then channelInactive has told everything.
        guard case .accepted = state else { return }
        state = .done

        // Taken before this handler is removed, which lets go of it.
        let ticket = self.ticket.take()
        let frameHandler = WebSocketFrameHandler(
            listener: listener, share: share, compression: agreement)
        do {
            try replaceHandlers(by: frameHandler, context: context)
        } catch {
            listener.leave()
            report(identity: nil, status: nil, reason: "\(error)")
            context.close(promise: nil)
            return
        }
        switch decision {
        case .accept(let identity, let subprotocol, _):
            let handshake = AcceptedHandshake(
                identity: identity,
                subprotocol: subprotocol,
                remoteAddress: remoteAddress,
                listener: listener.configuration.name,
                username: username,
                certificate: origin.certificate,
                ticket: ticket
            )
            frameHandler.open(handshake)
        case .acceptThenClose(let identity, let reason):
            listener.leave()
            report(identity: identity, status: 101, reason: reason)
            frameHandler.turnAway(code: 1002, reason: reason)
        case .refuse:
            break
        }
    }

    private func compressionAgreement(
        _ request: HTTPRequestHead, _ decision: HandshakeDecision
    ) -> CompressionAgreement? {
        guard case .accept(_, let subprotocol, _) = decision,
            listener.configuration.compression.accepts(inSubprotocol: subprotocol)
        else { return nil }
        return CompressionAgreement(offeredIn: request.headers["sec-websocket-extensions"])
    }

    private func replaceHandlers(by frameHandler: WebSocketFrameHandler, context: ChannelHandlerContext) throws {
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(frameHandler)
        pipeline.removeHandler(encoder, promise: nil)
        pipeline.removeHandler(gate, promise: nil)
        pipeline.removeHandler(context: context, promise: nil)
        // Removed on the next turn of the loop; hands the frames that came right behind the request on to the frame
        // handler, without a channelReadComplete.
        let channel = context.channel
        pipeline.removeHandler(decoder).assumeIsolated().whenSuccess {
            channel.pipeline.syncOperations.fireChannelReadComplete()
        }
    }

    private func report(identity: ChargePointIdentity?, status: Int?, reason: String) {
        // Nobody's handshake: a health check of the proxy.
        if origin.isProxyItself, identity == nil { return }
        listener.admission.handshakeRefused(
            HandshakeRefusal(
                listener: listener.configuration.name,
                remoteAddress: remoteAddress,
                identity: identity,
                status: status,
                reason: reason,
                request: note
            )
        )
    }
}
