import Glibc
import SwiftASN1
import X509

/// Decides about client certificates, with a reason that an operator understands.
struct ClientCertificateVerifier: Sendable {
    enum Verdict: Sendable {
        case accepted(PeerCertificate)
        case refused(String)
    }

    private let authorities: [DistinguishedName: [Certificate]]
    private let revocation: RevocationLists
    private let depth: Int

    init(authorities: [Certificate], revocation: RevocationLists, depth: Int) {
        self.authorities = Dictionary(grouping: authorities, by: \.subject)
        self.revocation = revocation
        self.depth = depth
    }

    /// The client's own, those between, and the authority's, which some clients send too; what comes behind is not
    /// looked at.
    var mostCertificates: Int { depth + 2 }

    /// - Parameters:
    ///   - shown: The client's certificate and what it sent with it, in DER.
    ///   - isWanted: False: the client has gone, and the verdict matters no more.
    func verify(_ shown: [[UInt8]], isWanted: @escaping @Sendable () -> Bool = { true }) async -> Verdict {
        let looked = shown.prefix(mostCertificates)
        guard isWanted(), let der = looked.first,
            let certificates = try? looked.map({ try Certificate(derEncoded: $0) }),
            let leaf = certificates.first
        else { return .refused("a client certificate that cannot be read") }
        let subject = "client certificate of \("\(leaf.subject)".inOneLine)"
        // Looked at here, because what is found below is a chain without it.
        if let unknown = unknownExtension(of: leaf) {
            return .refused("\(subject): it has a critical extension that is not understood (\(unknown))")
        }
        var search = CertificateChainSearch(
            authorities: authorities, shown: certificates.dropFirst(), isWanted: isWanted)
        switch await search.run(from: leaf, judge: fault) {
        case .accepted:
            return .accepted(PeerCertificate(leaf, der: der))
        case .tooManySteps:
            return .refused("\(subject): its chain to a trusted authority takes too many steps to find")
        case .refused(let reason):
            let issuer = "\(leaf.issuer)".inOneLine
            let none = "no authority in ssl_options.cacertfile vouches for it (issued by \(issuer))"
            return .refused("\(subject): \(reason ?? none)")
        }
    }

    /// Why a chain is not accepted. The library judges it along with its signatures; given this chain alone it has
    /// nothing to search.
    @Sendable private func fault(in chain: [Certificate]) async -> String? {
        guard let leaf = chain.first, let root = chain.last else { return "no certificate" }
        let policy = ClientCertificatePolicy(depth: depth, revocation: revocation)
        var verifier = Verifier(rootCertificates: CertificateStore([root])) {
            policy
            RFC5280Policy()
        }
        switch await verifier.validate(
            leaf: leaf, intermediates: CertificateStore(chain.dropFirst().dropLast()))
        {
        case .validCertificate: return nil
        case .couldNotValidate(let failures):
            let unknown = chain.dropFirst().compactMap(unknownExtension).first.map {
                "its authority has a critical extension that is not understood (\($0))"
            }
            return failures.first.map { "\($0.policyFailureReason)" } ?? unknown ?? "its chain is not valid"
        }
    }

    /// A client that resumes a TLS session shows no certificate again; meanwhile it may have expired.
    func verifyAgain(_ leaf: Certificate, der: [UInt8]) -> Verdict {
        if let reason = leaf.invalidity(at: CertificateTime.now) {
            return .refused("client certificate of \("\(leaf.subject)".inOneLine): \(reason)")
        }
        return .accepted(PeerCertificate(leaf, der: der))
    }

    private func unknownExtension(of certificate: Certificate) -> ASN1ObjectIdentifier? {
        certificate.extensions.first { $0.critical && !ClientCertificatePolicy.understood.contains($0.oid) }?.oid
    }
}

extension Certificate {
    /// Why it is not valid at this time.
    func invalidity(at now: Int64) -> String? {
        let end = CertificateTime.seconds(notValidAfter)
        if now > end { return "expired on \(CertificateTime.text(end))" }
        let start = CertificateTime.seconds(notValidBefore)
        if now < start { return "not valid before \(CertificateTime.text(start))" }
        return nil
    }
}
