import Authentication
import NIOCore
import OutsideNames

/// An accepted handshake: who connects, from where, and what was agreed.
package struct AcceptedHandshake: Sendable, Equatable {
    /// Percent-decoded, checked: 1 to 255 bytes, no `/`, `#`, no character that MQTT forbids in a topic.
    package var identity: ChargePointIdentity
    /// `ocpp1.6`; a charge point that offered none speaks the listener's first supported one.
    package var subprotocol: String
    package var peer: PeerAddress
    package var listener: ListenerID
    /// As the authenticator accepted it.
    package var userName: UserName?
    /// When the session ends with 1008 `credentials expired`, in seconds since 1970; nil: never.
    package var expiry: Int64?
    package var securityProfile: SecurityProfile
    /// The client's, or what a proxy in front has told of it.
    package var certificate: PeerCertificate?
    /// When its request came.
    package var began: NIODeadline

    package init(
        identity: ChargePointIdentity, subprotocol: String, peer: PeerAddress, listener: ListenerID,
        acceptance: AuthenticationVerdict.Acceptance = .init(), securityProfile: SecurityProfile = .unencrypted,
        certificate: PeerCertificate? = nil, began: NIODeadline
    ) {
        self.identity = identity
        self.subprotocol = subprotocol
        self.peer = peer
        self.listener = listener
        userName = acceptance.userName
        expiry = acceptance.expiry
        self.securityProfile = securityProfile
        self.certificate = certificate
        self.began = began
    }
}
