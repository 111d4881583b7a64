import OutsideNames

/// Decides who is let in: one for each backend (`authentication.backend`). With `none` there is no authenticator.
public protocol Authenticator: Sendable {
    /// Called once for each handshake; may wait for a database or another server, and must end by itself: the handshake
    /// has a time limit, but a charge point that has gone is not told to it.
    func authenticate(_ request: AuthenticationRequest) async -> AuthenticationVerdict
}

/// What an authenticator decides by. A password in it must not get into a log or an error.
public struct AuthenticationRequest: Sendable {
    /// The charge point's identity, the client id of EMQX's authenticators.
    public var identity: ChargePointIdentity
    /// Of HTTP Basic.
    public var username: UserName?
    /// As it was sent; where that was not UTF-8 text, hexadecimal digits in capitals (behaviour.md, "Passwords").
    public var password: String?
    /// CN of the verified client certificate.
    public var certificateCommonName: String?
    /// Subject of the verified client certificate, as RFC 4514 writes it.
    public var certificateDistinguishedName: String?
    public var listener: String
    /// `192.0.2.7:5123`.
    public var remoteAddress: String

    public init(
        identity: ChargePointIdentity, username: UserName? = nil, password: String? = nil,
        certificateCommonName: String? = nil,
        certificateDistinguishedName: String? = nil, listener: String, remoteAddress: String
    ) {
        self.identity = identity
        self.username = username
        self.password = password
        self.certificateCommonName = certificateCommonName
        self.certificateDistinguishedName = certificateDistinguishedName
        self.listener = listener
        self.remoteAddress = remoteAddress
    }
}

extension AuthenticationRequest: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "authentication of \(identity)" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: ["identity": identity]) }
}

/// What an authenticator says. The reasons are read by operators and by the peer: never a password in them.
public enum AuthenticationVerdict: Sendable, Equatable {
    /// The name under which the charge point is known from here on.
    case accepted(username: UserName?)
    /// 401.
    case wrongCredentials(reason: String)
    /// 404.
    case unknownIdentity
    /// 503: the backend cannot be asked. Never accepted by mistake.
    case unavailable(reason: String)
}
