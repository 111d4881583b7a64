/// The names in a client's certificate, whoever terminated its TLS: this listener, or a proxy that passes them on by
/// the PROXY protocol.
public struct PeerCertificateNames: Sendable, Equatable {
    /// The subject's CN.
    public var commonName: String?
    /// DNS names and other names of the subjectAltName. The PROXY protocol tells none.
    public var alternativeNames: [String]
    /// The subject's whole name (RFC 4514). The PROXY protocol tells none.
    public var distinguishedName: String?
    /// The certificate was checked against an authority and found good. A name that is not verified is a claim only.
    public var isVerified: Bool

    public init(
        commonName: String? = nil, alternativeNames: [String] = [], distinguishedName: String? = nil,
        isVerified: Bool
    ) {
        self.commonName = commonName
        self.alternativeNames = alternativeNames
        self.distinguishedName = distinguishedName
        self.isVerified = isVerified
    }
}
