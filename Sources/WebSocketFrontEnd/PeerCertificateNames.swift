/// What a proxy that has terminated TLS says about the client's certificate (PROXY protocol, version 2).
package struct PeerCertificateNames: Sendable, Equatable {
    /// The subject's CN.
    package var commonName: String?
    /// The proxy has checked the certificate and found it good. A name that is not verified is a claim only.
    package var isVerified: Bool

    package init(commonName: String? = nil, isVerified: Bool) {
        self.commonName = commonName
        self.isVerified = isVerified
    }
}
