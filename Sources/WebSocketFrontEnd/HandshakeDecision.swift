import NIOHTTP1
import OutsideNames

/// What a handshake request is answered with.
enum HandshakeDecision: Equatable {
    case refuse(HandshakeAnswer)
    /// 101. `announced` is the `Sec-WebSocket-Protocol` of the answer.
    case accept(identity: ChargePointIdentity, subprotocol: String, announced: String?)
    /// 101 without a subprotocol, then close 1002 (OCPP-J 1.6, 3.1.2).
    case acceptThenClose(identity: ChargePointIdentity, reason: String)
}

/// A refusal: status, headers, and the reason, which is its body where nothing else is said.
struct HandshakeAnswer: Equatable {
    var status: HTTPResponseStatus
    var reason: String
    /// As far as it could be read.
    var identity: ChargePointIdentity?
    var headers: [Header] = []
    /// What the peer is told instead: why exactly is for the log only.
    var publicReason: String?

    var body: String { publicReason ?? reason }

    struct Header: Equatable {
        var name: String
        var value: String
    }

    /// Seconds after which a charge point may come again; they add their own random wait (OCPP-J 1.6, 3.3).
    private static let retryAfter = "5"

    static func unauthorized(_ reason: String, identity: ChargePointIdentity?) -> HandshakeAnswer {
        HandshakeAnswer(
            status: .unauthorized,
            reason: reason,
            identity: identity,
            headers: [Header(name: "WWW-Authenticate", value: "Basic realm=\"ocpp\"")],
            publicReason: "not authorized"
        )
    }

    static func unavailable(
        _ reason: String, identity: ChargePointIdentity?, publicReason: String? = nil
    ) -> HandshakeAnswer {
        HandshakeAnswer(
            status: .serviceUnavailable,
            reason: reason,
            identity: identity,
            headers: [Header(name: "Retry-After", value: retryAfter)],
            publicReason: publicReason
        )
    }
}

/// The rules of the handshake that need nothing but the request, in the order in which they are checked.
struct HandshakeRules: Sendable {
    var path: String
    var supportedSubprotocols: [String]
    var failIfNoSubprotocol: Bool
    var origins: OriginRules?

    init(_ configuration: ListenerConfiguration) {
        path = configuration.path
        supportedSubprotocols = configuration.supportedSubprotocols
        failIfNoSubprotocol = configuration.failIfNoSubprotocol
        origins = configuration.origins
    }

    /// - Parameter limits: Asked once path and identity are right; returns why the connection cannot be taken now.
    func decide(_ request: HTTPRequestHead, limits: () -> String?) -> HandshakeDecision {
        decide(request, limits: limits) { _ in nil }
    }

    /// - Parameter authentication: Asked with the identity once all but the subprotocol is right; returns a refusal, or
    ///   nil to go on.
    func decide(
        _ request: HTTPRequestHead, limits: () -> String?, authentication: (ChargePointIdentity) -> HandshakeAnswer?
    ) -> HandshakeDecision {
        let identity: ChargePointIdentity
        switch ChargePointIdentityRules.identity(inTarget: request.uri, path: path) {
        case .success(let found): identity = found
        case .failure(let problem): return .refuse(HandshakeAnswer(status: .notFound, reason: problem.reason))
        }
        if let reason = limits() {
            return .refuse(.unavailable(reason, identity: identity))
        }
        if var answer = faultInUpgradeForm(request) {
            answer.identity = identity
            return .refuse(answer)
        }
        if let reason = origins?.refusal(for: request.headers) {
            return .refuse(HandshakeAnswer(status: .forbidden, reason: reason, identity: identity))
        }
        if let answer = authentication(identity) {
            return .refuse(answer)
        }
        let negotiation = SubprotocolNegotiation(
            offered: request.headers[canonicalForm: "sec-websocket-protocol"],
            supported: supportedSubprotocols,
            failIfNoSubprotocol: failIfNoSubprotocol
        )
        switch negotiation {
        case .agreed(let name): return .accept(identity: identity, subprotocol: name, announced: name)
        case .assumed(let name): return .accept(identity: identity, subprotocol: name, announced: nil)
        case .unsupported:
            return .acceptThenClose(identity: identity, reason: "no offered subprotocol is supported")
        case .refused(let reason):
            return .refuse(HandshakeAnswer(status: .badRequest, reason: reason, identity: identity))
        }
    }

    /// RFC 6455, 4.2.1: what makes a request an opening handshake.
    private func faultInUpgradeForm(_ request: HTTPRequestHead) -> HandshakeAnswer? {
        let headers = request.headers
        let upgrade = HandshakeAnswer.Header(name: "Upgrade", value: "websocket")
        guard headers[canonicalForm: "upgrade"].contains(where: { $0.isSame(ignoringASCIICase: "websocket") }) else {
            return HandshakeAnswer(
                status: .upgradeRequired,
                reason: "only WebSocket connections are served here",
                headers: [upgrade]
            )
        }
        guard headers["sec-websocket-version"] == ["13"] else {
            return HandshakeAnswer(
                status: .upgradeRequired,
                reason: "only version 13 of the WebSocket protocol is spoken here",
                headers: [upgrade, HandshakeAnswer.Header(name: "Sec-WebSocket-Version", value: "13")]
            )
        }
        let fault: String? =
            if request.method != .GET {
                "the method of a WebSocket handshake is GET"
            } else if request.version.major != 1 || request.version.minor < 1 {
                "a WebSocket handshake needs HTTP/1.1"
            } else if !headers[canonicalForm: "connection"].contains(where: { $0.isSame(ignoringASCIICase: "upgrade") })
            {
                "the header Connection: Upgrade is missing"
            } else if !isKey(headers["sec-websocket-key"]) {
                "Sec-WebSocket-Key must be there once"
            } else if headers.contains(name: "transfer-encoding")
                || headers["content-length"].contains(where: { $0 != "0" })
            {
                "a WebSocket handshake has no body"
            } else {
                nil
            }
        return fault.map { HandshakeAnswer(status: .badRequest, reason: $0) }
    }

    /// Should be 16 bytes in base64 (RFC 6455, 4.1), but charge points exist that send others. The answer's
    /// `Sec-WebSocket-Accept` is computed from whatever it is.
    private func isKey(_ values: [String]) -> Bool {
        values.count == 1 && values[0].utf8.contains { $0 != UInt8(ascii: " ") }
    }
}
