/// A client certificate that has been verified, here or by a trusted proxy in front.
package struct ClientCertificate: Sendable, Equatable {
    /// The subject's CN.
    package var commonName: String?
    /// The subject as RFC 4514 writes it; nil where a proxy has told the name alone.
    package var subject: String?
    /// DER; empty where a proxy has told the name alone.
    package var der: [UInt8]

    package init(commonName: String? = nil, subject: String? = nil, der: [UInt8] = []) {
        self.commonName = commonName
        self.subject = subject
        self.der = der
    }
}
