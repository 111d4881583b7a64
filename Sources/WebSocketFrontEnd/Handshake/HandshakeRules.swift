import NIOHTTP1
import OutsideNames

/// The rules of a listener's handshakes that need nothing but the request and the certificate.
struct HandshakeRules: Sendable {
    var path: String
    var supportedSubprotocols: [String]
    var failIfNoSubprotocol: Bool
    var origins: OriginRules?
    var identityFromCertificate: CertificateIdentity

    init(_ configuration: ListenerConfiguration) {
        path = configuration.path
        supportedSubprotocols = configuration.supportedSubprotocols
        failIfNoSubprotocol = configuration.failIfNoSubprotocol
        origins = configuration.origins
        identityFromCertificate = configuration.identityFromCertificate
    }

    func identity(in request: HTTPRequestHead) throws(HandshakeAnswer) -> ChargePointIdentity {
        switch ChargePointIdentityRules.identity(inTarget: request.uri, path: path) {
        case .success(let identity): return identity
        case .failure(let problem): throw HandshakeAnswer(status: .notFound, reason: problem.reason)
        }
    }

    /// What is wrong with the request's form, its origin, or the certificate it came with, in this order.
    func fault(
        in request: HTTPRequestHead, certificate: PeerCertificate?, identity: ChargePointIdentity, takesTokens: Bool
    ) -> HandshakeAnswer? {
        if var answer = faultInForm(of: request) {
            answer.identity = identity
            return answer
        }
        if let reason = origins?.refusal(for: request.headers) {
            return HandshakeAnswer(status: .forbidden, reason: reason, identity: identity)
        }
        return mismatch(of: certificate, identity).map {
            .unauthorized($0, identity: identity, takesTokens: takesTokens)
        }
    }

    /// Why the client certificate is not the identity's, where it must be.
    private func mismatch(of certificate: PeerCertificate?, _ identity: ChargePointIdentity) -> String? {
        guard identityFromCertificate != .none else { return nil }
        guard let certificate, certificate.isVerified else { return "no client certificate to take the identity from" }
        return certificate.mismatch(identity, identityFromCertificate)
    }

    /// What the handshake comes to when the charge point is let in.
    func outcome(of request: HTTPRequestHead, identity: ChargePointIdentity) -> HandshakeOutcome {
        let negotiation = SubprotocolNegotiation(
            offered: request.headers[canonicalForm: "sec-websocket-protocol"],
            supported: supportedSubprotocols,
            failIfNoSubprotocol: failIfNoSubprotocol
        )
        return switch negotiation {
        case .agreed(let name): .open(subprotocol: name, announced: name)
        case .assumed(let name): .open(subprotocol: name, announced: nil)
        case .unsupported: .turnAway(reason: "no offered subprotocol is supported")
        case .refused(let reason):
            .refuse(HandshakeAnswer(status: .badRequest, reason: reason, identity: identity))
        }
    }

    /// RFC 6455, 4.2.1: what makes a request an opening handshake.
    private func faultInForm(of request: HTTPRequestHead) -> HandshakeAnswer? {
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
