import NIOSSL
import OutsideNames
import SwiftASN1
import X509

/// The names in the certificate that a client has shown and that has been verified, by this gateway or by a proxy
/// that is trusted to tell. Fired through the pipeline as a user event before the upgrade request is read.
package struct PeerCertificate: Sendable, Equatable {
    /// The most specific CN of the subject.
    package var commonName: String?
    /// The subject, as RFC 4514 writes it; nil where a proxy told no more than the CN.
    package var distinguishedName: String?
    /// DNS names, URIs and mail addresses of the Subject Alternative Name.
    package var alternativeNames: [String]

    package init(commonName: String?, distinguishedName: String? = nil, alternativeNames: [String] = []) {
        self.commonName = commonName
        self.distinguishedName = distinguishedName
        self.alternativeNames = alternativeNames
    }

    init(_ certificate: Certificate) {
        let names = certificate.subject.flatMap { $0 }.filter { $0.type == .RDNAttributeType.commonName }
        commonName = names.last.flatMap { String($0.value) }
        distinguishedName = "\(certificate.subject)"
        let alternatives = try? certificate.extensions.subjectAlternativeNames
        alternativeNames = (alternatives ?? SubjectAlternativeNames()).compactMap { name in
            switch name {
            case .dnsName(let name), .uniformResourceIdentifier(let name), .rfc822Name(let name): name
            default: nil
            }
        }
    }

    /// Why this certificate is not that of the identity; nil: it is.
    func mismatch(_ identity: ChargePointIdentity, _ source: CertificateIdentity) -> String? {
        switch source {
        case .none:
            return nil
        case .commonName:
            guard commonName.map({ ChargePointIdentity($0) }) != identity else { return nil }
            return "the client certificate's CN is \(commonName.map { "\"\($0.inOneLine)\"" } ?? "missing")"
                + ", not the identity"
        case .alternativeName:
            guard !alternativeNames.contains(where: { ChargePointIdentity($0) == identity }) else { return nil }
            let names = alternativeNames.prefix(5).map(\.inOneLine).joined(separator: ", ")
            return "none of the client certificate's alternative names is the identity: \"\(names)\""
        }
    }
}

/// `ssl_options.identity_from_cert`: which name of the client certificate must be the identity (security profile 3).
package enum CertificateIdentity: Sendable, Equatable {
    case none
    case commonName
    case alternativeName
}

extension String {
    /// Cut, and without control characters: a certificate may hold anything.
    var inOneLine: String {
        var text = ""
        for scalar in unicodeScalars.prefix(200) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: text += "?"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
