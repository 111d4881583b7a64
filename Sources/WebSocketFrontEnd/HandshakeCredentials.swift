import NIOCore

/// Who a charge point says that it is, and what it shows for it.
public struct HandshakeCredentials: Sendable {
    /// Percent-decoded and checked.
    public var identity: String
    public var listener: String
    /// `192.0.2.7:5123`.
    public var remoteAddress: String
    /// Nil: no HTTP Basic credentials, or none that can be read.
    public var basic: BasicCredentials?
    /// Verified.
    public var certificate: PeerCertificate?

    public init(
        identity: String, listener: String, remoteAddress: String, basic: BasicCredentials?,
        certificate: PeerCertificate?
    ) {
        self.identity = identity
        self.listener = listener
        self.remoteAddress = remoteAddress
        self.basic = basic
        self.certificate = certificate
    }
}

/// What becomes of a handshake (behaviour.md, "The WebSocket handshake"). The reasons go to the log, and to the peer.
public enum HandshakeVerdict: Sendable, Equatable {
    case accepted(username: String?)
    /// 401.
    case wrongCredentials(reason: String)
    /// 404.
    case unknownIdentity
    /// 503: nobody could be asked.
    case unavailable(reason: String)
}
