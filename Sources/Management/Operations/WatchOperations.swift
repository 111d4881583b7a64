import NIOCore
import OutsideNames

/// What can be watched as it happens. A sink returns at once and may be called on any thread; what it does with a
/// reader that is slow is not the caller's concern.
package protocol WatchOperations: Sendable {
    /// The frames of one session from now on, both ways. `ended` is called once when the session ends.
    ///
    /// idTags and passwords are hidden as in the log, unless `log.frames`.
    /// - Returns: Nil: the session has ended.
    func watchFrames(
        of session: SessionKey, _ sink: @escaping @Sendable (FrameEvent) -> Void, ended: @escaping @Sendable () -> Void
    ) async -> Watch?

    /// Events of the gateway from now on. `stats` comes each second while somebody watches.
    func watchEvents(_ sink: @escaping @Sendable (GatewayEvent) -> Void) async -> Watch

    /// The log's lines about one charge point or address, at every level, whatever `log.level` is, each in the
    /// given form with its newline.
    func watchLog(
        of subject: TraceSubject, as form: TraceForm, _ sink: @escaping @Sendable (String) -> Void
    ) async -> Watch
}

/// Somebody watches, for as long as they hold this.
package final class Watch: Sendable {
    private let onEnd: @Sendable () -> Void

    /// - Parameter onEnd: Called once, on any thread.
    package init(onEnd: @escaping @Sendable () -> Void) {
        self.onEnd = onEnd
    }

    deinit { onEnd() }
}

/// One OCPP-J message on the wire.
package struct FrameEvent: Sendable, Equatable {
    package enum Direction: String, Sendable {
        /// From the charge point.
        case up
        case down
    }

    package var time: Timestamp
    package var direction: Direction
    package var frame: String

    package init(time: Timestamp, direction: Direction, frame: String) {
        self.time = time
        self.direction = direction
        self.frame = frame
    }
}

/// `GET /api/v5/gateways/ocpp/events`.
package struct GatewayEvent: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case connected, disconnected, refused, report, broker, stats
        case badMessage = "bad_message"
    }

    package var kind: Kind
    /// Whom it concerns; nil: nobody in particular.
    package var identity: ChargePointIdentity?
    /// The event's object: presence's payload, a handshake's refusal, and so on.
    package var content: JSON

    package init(kind: Kind, identity: ChargePointIdentity?, content: JSON) {
        self.kind = kind
        self.identity = identity
        self.content = content
    }
}

/// Whose log lines a trace holds.
package enum TraceSubject: Sendable, Equatable {
    case client(ChargePointIdentity)
    /// Without port.
    case address(String)
}

package enum TraceForm: String, Sendable, CaseIterable {
    case text, json
}
