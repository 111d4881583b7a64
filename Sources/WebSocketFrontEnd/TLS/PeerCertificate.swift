import Authentication
import OutsideNames
import SwiftASN1
import X509

/// The certificate that a client has shown: here, where it has been verified, or to a proxy in front, which tells what
/// came of it. Fired through the pipeline as a user event before the upgrade request is read.
package struct PeerCertificate: Sendable, Equatable {
    package var certificate: ClientCertificate
    /// DNS names, URIs and mail addresses of the Subject Alternative Name.
    package var alternativeNames: [String]
    /// A name that is not verified is a claim only.
    package var isVerified: Bool

    /// What a proxy has told.
    package init(commonName: String? = nil, isVerified: Bool) {
        certificate = ClientCertificate(commonName: commonName)
        alternativeNames = []
        self.isVerified = isVerified
    }

    /// One that has been verified here.
    init(_ certificate: Certificate, der: [UInt8]) {
        let names = certificate.subject.flatMap { $0 }.filter { $0.type == .RDNAttributeType.commonName }
        self.certificate = ClientCertificate(
            // The most specific one.
            commonName: names.last.flatMap { String($0.value) }, subject: "\(certificate.subject)", der: der)
        let alternatives = try? certificate.extensions.subjectAlternativeNames
        alternativeNames = (alternatives ?? SubjectAlternativeNames()).compactMap { name in
            switch name {
            case .dnsName(let name), .uniformResourceIdentifier(let name), .rfc822Name(let name): name
            default: nil
            }
        }
        isVerified = true
    }

    /// Why this certificate is not that of the identity; nil: it is.
    func mismatch(_ identity: ChargePointIdentity, _ source: CertificateIdentity) -> String? {
        switch source {
        case .none:
            return nil
        case .commonName:
            let name = certificate.commonName
            guard name.map({ ChargePointIdentity($0) }) != identity else { return nil }
            return "the client certificate's CN is \(name.map { "\"\($0.inOneLine)\"" } ?? "missing"), not the identity"
        case .alternativeName:
            guard !alternativeNames.contains(where: { ChargePointIdentity($0) == identity }) else { return nil }
            let names = alternativeNames.prefix(5).map(\.inOneLine).joined(separator: ", ")
            return "none of the client certificate's alternative names is the identity: \"\(names)\""
        }
    }
}
