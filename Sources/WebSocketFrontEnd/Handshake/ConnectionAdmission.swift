import Authentication
import NIOCore

/// Decides about the handshakes of one listener and takes over what is accepted; the gateway's side of the front end.
package protocol ConnectionAdmission: AnyObject, Sendable {
    /// Why nobody is let in now: handshakes are refused with 503, this reason and `Retry-After`; nil: they are decided
    /// one by one. Asked on the connection's event loop once path, identity and `maxConnections` are checked.
    var refusal: String? { get }
    /// A 401 asks for `Bearer` beside Basic.
    var takesTokens: Bool { get }
    /// The user name of HTTP Basic gets into no log.
    var userNameIsSecret: Bool { get }
    /// Decides who may come in, once everything but the subprotocol is checked; called on the connection's event loop,
    /// which must not wait for it.
    func admit(_ credentials: Credentials, on eventLoop: any EventLoop) -> AdmissionDecision
    /// One handshake was refused; for the log and the counters.
    func handshakeRefused(_ refusal: HandshakeRefusal)
    /// Ends the connections that have come in through the listener with 1001 `going away`, spread over this time;
    /// returns when they have ended.
    func endConnections(over time: Duration) async
}

/// When an admission says what becomes of a handshake.
package enum AdmissionDecision: Sendable {
    case now(Admission)
    /// Run in a task that is cancelled when the charge point's socket closes; what it says then goes nowhere.
    case later(@Sendable () async -> Admission)
}

/// What becomes of a handshake (behaviour.md, "The WebSocket handshake").
package enum Admission: Sendable {
    case admitted(any AdmittedConnection)
    case refused(AuthenticationVerdict.Refusal)
}

/// What was prepared for a connection while it was decided; let go of (and closed by its deinit) when the handshake
/// does not come to an end.
package protocol AdmittedConnection: AnyObject, Sendable {
    var acceptance: AuthenticationVerdict.Acceptance { get }
    /// The upgrade has been answered with 101; called once, on the connection's event loop. What the peer sends is
    /// handed to the returned delegate.
    func open(_ connection: WebSocketConnection, _ handshake: AcceptedHandshake) -> any ConnectionDelegate
}
