/// What a proxy that has terminated TLS says about the client's certificate (PROXY protocol, version 2).
public struct PeerCertificateNames: Sendable, Equatable {
    /// The subject's CN.
    public var commonName: String?
    /// The proxy has checked the certificate and found it good. A name that is not verified is a claim only.
    public var isVerified: Bool

    public init(commonName: String? = nil, isVerified: Bool) {
        self.commonName = commonName
        self.isVerified = isVerified
    }
}
