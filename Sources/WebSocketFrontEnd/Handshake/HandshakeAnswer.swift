import Authentication
import NIOHTTP1
import OutsideNames

/// A refusal: status, headers, and the reason, which is its body where nothing else is said.
struct HandshakeAnswer: Error, Equatable {
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
    private static let retryAfter = 5

    /// - Parameter takesTokens: `Bearer` is asked for beside Basic.
    static func unauthorized(
        _ reason: String, identity: ChargePointIdentity?, takesTokens: Bool = false
    ) -> HandshakeAnswer {
        var headers = [Header(name: "WWW-Authenticate", value: "Basic realm=\"ocpp\"")]
        if takesTokens { headers.append(Header(name: "WWW-Authenticate", value: "Bearer")) }
        return HandshakeAnswer(
            status: .unauthorized, reason: reason, identity: identity, headers: headers,
            publicReason: "not authorized")
    }

    /// - Parameter retryAfter: in seconds.
    static func unavailable(
        _ reason: String, identity: ChargePointIdentity?, retryAfter: Int? = nil, publicReason: String? = nil
    ) -> HandshakeAnswer {
        let seconds = max(retryAfter ?? Self.retryAfter, 0)
        return HandshakeAnswer(
            status: .serviceUnavailable, reason: reason, identity: identity,
            headers: [Header(name: "Retry-After", value: String(seconds))], publicReason: publicReason)
    }

    /// authentication.md, "Outcomes".
    init(_ refusal: AuthenticationVerdict.Refusal, identity: ChargePointIdentity, takesTokens: Bool) {
        self =
            switch refusal.kind {
            case .wrongCredentials:
                .unauthorized(refusal.reason, identity: identity, takesTokens: takesTokens)
            case .unknownIdentity:
                HandshakeAnswer(
                    status: .notFound, reason: refusal.reason, identity: identity, publicReason: "unknown identity")
            case .unavailable(let retryAfter):
                .unavailable(
                    refusal.reason, identity: identity, retryAfter: retryAfter, publicReason: "try again later")
            }
    }

    init(
        status: HTTPResponseStatus, reason: String, identity: ChargePointIdentity? = nil, headers: [Header] = [],
        publicReason: String? = nil
    ) {
        self.status = status
        self.reason = reason
        self.identity = identity
        self.headers = headers
        self.publicReason = publicReason
    }
}
