import NIOCore
import NIOHTTP1
import NIOWebSocket

/// HTTP/1.1 as far as a handshake needs it: the handlers that read the request and write the answer.
struct HandshakeCodec {
    /// All request headers and the target together, in bytes.
    private static let longestHead = 16 * 1024

    /// Only computes the answer's headers, `Sec-WebSocket-Accept` among them.
    private static let upgrader = NIOWebSocketServerUpgrader(
        shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
        upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
    )

    let gate = FirstBytesGate(isBeforeHTTP: true)
    private let encoder = HTTPResponseEncoder()
    private let decoder: ByteToMessageHandler<HTTPRequestDecoder>

    /// - Parameter receiveBuffer: Bytes read at once.
    init(receiveBuffer: Int) {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = Self.longestHead
        limits.maxHeaderListSize = Self.longestHead
        limits.maxHeaderFieldCount = 100
        decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits),
            maximumBufferSize: 2 * Self.longestHead + receiveBuffer
        )
    }

    func add(to pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandlers([gate, encoder, decoder])
    }

    /// The decoder is removed on the next turn of the loop; it hands the frames that came right behind the request on to
    /// the handler behind, without a channelReadComplete.
    func remove(from channel: any Channel) {
        let pipeline = channel.pipeline.syncOperations
        pipeline.removeHandler(encoder, promise: nil)
        pipeline.removeHandler(gate, promise: nil)
        pipeline.removeHandler(decoder).assumeIsolated().whenSuccess {
            channel.pipeline.syncOperations.fireChannelReadComplete()
        }
    }

    static func switchingHeaders(
        for request: HTTPRequestHead, on channel: any Channel
    ) -> EventLoopFuture<HTTPHeaders> {
        upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: request, initialResponseHeaders: [:])
    }

    /// What bytes that are no request are answered with.
    ///
    /// - Parameter isTLS: The bytes came out of TLS.
    func answer(to error: any Error, isTLS: Bool) -> HandshakeAnswer {
        let tooLarge =
            error as? HTTPParserError == .headerOverflow || error is ByteToMessageDecoderError.PayloadTooLargeError
        if tooLarge {
            return HandshakeAnswer(
                status: .requestHeaderFieldsTooLarge, reason: "the request headers are too large")
        }
        guard gate.sawTLS else { return HandshakeAnswer(status: .badRequest, reason: "not an HTTP/1.1 request") }
        return HandshakeAnswer(
            status: .badRequest,
            reason: isTLS
                ? "TLS inside of TLS"
                : "TLS on a listener without it (ws): the charge point should use ws://, or another port")
    }
}

extension HandshakeAnswer {
    var head: HTTPResponseHead {
        var fields = HTTPHeaders()
        // RFC 9110, 7.8: who sends Upgrade names it in Connection.
        let upgrades = headers.contains { $0.name == "Upgrade" }
        fields.add(name: "Connection", value: upgrades ? "close, Upgrade" : "close")
        fields.add(name: "Content-Type", value: "text/plain; charset=utf-8")
        fields.add(name: "Content-Length", value: String(body.utf8.count))
        for header in headers { fields.add(name: header.name, value: header.value) }
        return HTTPResponseHead(version: .http1_1, status: status, headers: fields)
    }
}

extension HTTPResponseHead {
    /// With what has been agreed on.
    func agreeing(on outcome: HandshakeOutcome, _ compression: CompressionAgreement?) -> HTTPResponseHead {
        var head = self
        head.headers.replaceOrAdd(name: "Connection", value: "Upgrade")
        if case .open(_, let announced?) = outcome {
            head.headers.add(name: "Sec-WebSocket-Protocol", value: announced)
        }
        if let compression { head.headers.add(name: "Sec-WebSocket-Extensions", value: compression.header) }
        return head
    }
}

extension ListenerState {
    func compressionAgreement(_ upgrade: HandshakeStateMachine.Upgrade) -> CompressionAgreement? {
        guard case .open(let subprotocol, _) = upgrade.outcome,
            configuration.compression.accepts(inSubprotocol: subprotocol)
        else { return nil }
        return CompressionAgreement(offeredIn: upgrade.request.headers["sec-websocket-extensions"])
    }
}
