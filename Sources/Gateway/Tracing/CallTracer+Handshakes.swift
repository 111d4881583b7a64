import CallTracing
import ChargePointSessions
import NIOCore
import OCPPJ
import Tracing
import WebSocketFrontEnd

/// Spans of handshakes, made when they are over. A `traceparent` that a charge point sends counts for nothing: it is
/// not yet known who that is.
extension CallTracer {
    private static let name = "handshake"

    /// One that has come to its end; nil: it is not traced.
    func span(of handshake: AcceptedHandshake, version: OCPPVersion) -> CallSpan? {
        let now = NIODeadline.now()
        guard let span = span(Self.name, ofKind: .server, began: handshake.began, now: now) else { return nil }
        span.updateAttributes { attributes in
            attributes["ocpp.identity"] = handshake.identity.text.boundedForSpan
            attributes["ocpp.version"] = version.rawValue
            attributes["ocpp.listener"] = handshake.listener.description
            attributes["client.address"] = handshake.peer.host
            attributes["http.response.status_code"] = 101
        }
        span.end(now: now)
        return span
    }

    /// One that was refused.
    func span(of refusal: HandshakeRefusal) -> CallSpan? {
        // A flood of connections is told of in sums, and is no handshake.
        guard let began = refusal.began else { return nil }
        let now = NIODeadline.now()
        guard let span = span(Self.name, ofKind: .server, began: began, now: now) else { return nil }
        span.updateAttributes { attributes in
            if let identity = refusal.identity { attributes["ocpp.identity"] = identity.text.boundedForSpan }
            attributes["ocpp.listener"] = refusal.listener.description
            attributes["client.address"] = refusal.peer.host
            if let status = refusal.status {
                attributes["http.response.status_code"] = status
                attributes["error.type"] = String(status)
            }
        }
        span.setStatus(SpanStatus(code: .error, message: refusal.reason.boundedForSpan))
        span.end(now: now)
        return span
    }
}
