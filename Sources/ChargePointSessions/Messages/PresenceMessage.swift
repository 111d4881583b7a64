import NIOCore
import OCPPJ
import OutsideNames

/// A session has begun or ended (relay-format.md, "Presence").
package struct PresenceMessage: Sendable {
    package let chargePoint: ChargePoint
    let gatewayID: ClientID
    let sessionID: String
    /// Nil: it has begun.
    let end: End?

    struct End: Sendable {
        let reason: String
        /// The WebSocket close code, the gateway's or the peer's; nil: there was none.
        var code: UInt16?
        var detail = ""
        /// Nil: not known when this was written.
        var duration: TimeAmount?
    }

    init(chargePoint: ChargePoint, gatewayID: ClientID, sessionID: String, end: End?) {
        self.chargePoint = chargePoint
        self.gatewayID = gatewayID
        self.sessionID = sessionID
        self.end = end
    }

    /// For the Will of a charge point's own MQTT connection: it ended without anybody here to say so.
    package init(chargePoint: ChargePoint, gatewayID: ClientID, endOfSession sessionID: String) {
        self.init(
            chargePoint: chargePoint, gatewayID: gatewayID, sessionID: sessionID,
            end: End(reason: "broker_connection_lost"))
    }

    /// The message's JSON text.
    package func payload() -> ByteBuffer {
        var out = ByteBufferAllocator().buffer(capacity: 320)
        out.writeStaticString("{\"event\":")
        out.writeJSONString(end == nil ? "connected" : "disconnected")
        write("cid", chargePoint.identity.text, to: &out)
        write("time", WallClock.timestamp(), to: &out)
        write("gateway", gatewayID.text, to: &out)
        write("session", sessionID, to: &out)
        write("version", chargePoint.version.rawValue, to: &out)
        write("remote", chargePoint.remoteAddress, to: &out)
        // Without an authenticator no name is to be trusted.
        write("username", chargePoint.username?.text ?? "", to: &out)
        if let end {
            write("reason", end.reason, to: &out)
            if let code = end.code { out.writeString(",\"code\":\(code)") }
            write("detail", end.detail, to: &out)
            if let duration = end.duration {
                out.writeString(",\"duration\":\(duration.secondsWithMilliseconds)")
            }
        }
        out.writeStaticString("}")
        return out
    }

    private func write(_ key: StaticString, _ value: String, to out: inout ByteBuffer) {
        out.writeStaticString(",\"")
        out.writeStaticString(key)
        out.writeStaticString("\":")
        out.writeJSONString(value)
    }
}

extension PresenceMessage.End {
    init(_ end: SessionEnd, duration: TimeAmount) {
        self.init(reason: end.reason.rawValue, code: end.code, detail: end.detail, duration: duration)
    }
}
