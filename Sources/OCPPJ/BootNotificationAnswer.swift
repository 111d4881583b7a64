import JSONText
import NIOCore

extension OCPPMessage {
    /// The heartbeat interval, in seconds, of an accepted BootNotification answer; nil for any other payload, and
    /// where the interval is not over 0 (OCPP 1.6, 6.2). It is a whole number there: a fraction of a second is none.
    public var acceptedHeartbeatInterval: Double? {
        guard case .callResult(let payload?) = body else { return nil }
        return text.withUnsafeReadableBytes { bytes in
            var isAccepted = false
            var interval: Double?
            let payload = UnsafeRawBufferPointer(rebasing: bytes[payload])
            try? JSONScanner.forEachMember(of: payload) { key, value in
                if key.hasText("status", in: payload) {
                    isAccepted = value.kind == .string && value.hasText("Accepted", in: payload)
                } else if key.hasText("interval", in: payload), value.kind == .number {
                    interval = Double(String(decoding: payload[value.range], as: UTF8.self))
                }
            }
            guard isAccepted, let interval, interval >= 1, interval.isFinite else { return nil }
            return interval
        }
    }
}
