import SwiftASN1
import X509

/// What is asked of a chain from a client's certificate to a trusted authority besides RFC 5280's path rules; checked
/// first, because its reasons are the clearer ones.
struct ClientCertificatePolicy: VerifierPolicy, Sendable {
    /// With those of `RFC5280Policy`.
    static let understood: [ASN1ObjectIdentifier] =
        RFC5280Policy().verifyingCriticalExtensions + [
            .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
        ]

    let verifyingCriticalExtensions: [ASN1ObjectIdentifier] = [
        .X509ExtensionID.extendedKeyUsage, .X509ExtensionID.subjectAlternativeName,
    ]

    let depth: Int
    let revocation: RevocationLists

    func chainMeetsPolicyRequirements(chain: UnverifiedCertificateChain) async -> PolicyEvaluationResult {
        let certificates = chain.indices.map { chain[$0] }
        guard let reason = fault(certificates, now: CertificateTime.now) else { return .meetsPolicy }
        return .failsToMeetPolicy(reason: reason)
    }

    private func fault(_ chain: [Certificate], now: Int64) -> String? {
        for (index, certificate) in chain.enumerated() {
            guard let reason = certificate.invalidity(at: now) else { continue }
            return index == 0 ? reason : "its authority \("\(certificate.subject)".inOneLine): \(reason)"
        }
        let between = chain.dropFirst().dropLast().count { $0.subject != $0.issuer }
        if between > depth {
            return
                "too deep: \(between) certificates between it and a trusted one, and ssl_options.depth is \(depth)"
        }
        for authority in chain.dropFirst() {
            guard let usage = try? authority.extensions.keyUsage, !usage.keyCertSign else { continue }
            return "its authority \("\(authority.subject)".inOneLine) may not sign certificates"
        }
        if let usages = try? chain[0].extensions.extendedKeyUsage, !usages.contains(.clientAuth), !usages.contains(.any)
        {
            return "it may not be used by a client (extended key usage)"
        }
        return revocation.fault(in: chain, now: now)
    }
}
