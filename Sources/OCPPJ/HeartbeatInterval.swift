import JSONText
import NIOCore

// Where OCPP tells how often a charge point says that it is there (OCPP 1.6, 4.2, 5.3 and 9.1.11).
extension OCPPMessage {
    /// The heartbeat interval, in seconds, of an accepted BootNotification answer; nil for any other payload, and
    /// where the interval is not over 0 (OCPP 1.6, 6.2). It is a whole number there: a fraction of a second is none.
    package var acceptedHeartbeatInterval: Double? {
        guard case .callResult(let payload?) = body else { return nil }
        return text.withUnsafeReadableBytes { bytes in
            var isAccepted = false
            var interval: Double?
            let payload = UnsafeRawBufferPointer(rebasing: bytes[payload])
            try? JSONScanner.forEachMember(of: payload) { key, value in
                if key.hasText("status", in: payload) {
                    isAccepted = value.isAccepted(in: payload)
                } else if key.hasText("interval", in: payload), value.kind == .number {
                    interval = Double(String(decoding: payload[value.range], as: UTF8.self))
                }
            }
            guard isAccepted, let interval, interval >= 1, interval.isFinite else { return nil }
            return interval
        }
    }

    /// The heartbeat interval, in seconds, that a command asks for: ChangeConfiguration, or SetVariables of OCPP 2.x; nil
    /// for any other message.
    package var requestedHeartbeatInterval: Double? {
        heartbeatIntervalOfChangeConfiguration ?? heartbeatIntervalOfSetVariables
    }

    /// The heartbeat interval, in seconds, that a ChangeConfiguration of the key `HeartbeatInterval` asks for; nil for
    /// any other CALL, and where the value is no whole number over 0.
    private var heartbeatIntervalOfChangeConfiguration: Double? {
        guard case .call("ChangeConfiguration", let payload?) = body else { return nil }
        return text.withUnsafeReadableBytes { bytes in
            var isHeartbeatInterval = false
            var interval: Double?
            let payload = UnsafeRawBufferPointer(rebasing: bytes[payload])
            try? JSONScanner.forEachMember(of: payload) { key, value in
                // Its type allows 50 characters; an escape takes six bytes for one.
                guard value.kind == .string, value.content.count <= 300 else { return }
                if key.hasText("key", in: payload) {
                    // Keys are compared without regard to case (OCPP 1.6, 7.10: CiString50Type).
                    isHeartbeatInterval = value.text(in: payload).isInAnyCase("heartbeatinterval")
                } else if key.hasText("value", in: payload) {
                    interval = UInt64(value.text(in: payload)).map { Double($0) }
                }
            }
            guard isHeartbeatInterval, let interval, interval >= 1 else { return nil }
            return interval
        }
    }

    /// Whether this is a CALLRESULT whose status is `Accepted`.
    package var isAccepted: Bool {
        guard case .callResult(let payload?) = body else { return false }
        return text.withUnsafeReadableBytes { bytes in
            var isAccepted = false
            let payload = UnsafeRawBufferPointer(rebasing: bytes[payload])
            try? JSONScanner.forEachMember(of: payload) { key, value in
                if key.hasText("status", in: payload) { isAccepted = value.isAccepted(in: payload) }
            }
            return isAccepted
        }
    }
}

extension JSONToken {
    fileprivate func isAccepted(in bytes: UnsafeRawBufferPointer) -> Bool {
        kind == .string && hasText("Accepted", in: bytes)
    }
}
