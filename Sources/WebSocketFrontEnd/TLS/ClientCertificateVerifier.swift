import Glibc
import X509

/// Decides about client certificates, with a reason that an operator understands.
struct ClientCertificateVerifier: Sendable {
    enum Verdict: Sendable {
        case accepted(PeerCertificate)
        case refused(String)
    }

    /// So many certificates in front of a trusted one may be shown at all; each costs time before it is judged.
    private static let mostCertificates = 32

    private let authorities: CertificateStore
    private let revocation: RevocationLists
    private let depth: Int

    init(authorities: [Certificate], revocation: RevocationLists, depth: Int) {
        self.authorities = CertificateStore(authorities)
        self.revocation = revocation
        self.depth = depth
    }

    /// - Parameter shown: The client's certificate and what it sent with it, in DER.
    func verify(_ shown: [[UInt8]]) async -> Verdict {
        guard shown.count <= Self.mostCertificates else {
            return .refused("the client sends \(shown.count) certificates")
        }
        guard let certificates = try? shown.map({ try Certificate(derEncoded: $0) }), let leaf = certificates.first
        else { return .refused("a client certificate that cannot be read") }
        let subject = "client certificate of \("\(leaf.subject)".inOneLine)"
        let policy = ClientCertificatePolicy(depth: self.depth, revocation: self.revocation)
        var verifier = Verifier(rootCertificates: self.authorities) {
            policy
            RFC5280Policy()
        }
        switch await verifier.validate(leaf: leaf, intermediates: CertificateStore(certificates.dropFirst())) {
        case .validCertificate:
            return .accepted(PeerCertificate(leaf))
        case .couldNotValidate(let failures):
            let reason = failures.first.map { "\($0.policyFailureReason)" } ?? self.chainFailure(leaf)
            return .refused("\(subject): \(reason)")
        }
    }

    /// A client that resumes a TLS session shows no certificate again; meanwhile it may have expired.
    func verifyAgain(_ leaf: Certificate) -> Verdict {
        if let reason = leaf.invalidity(at: CertificateTime.now) {
            return .refused("client certificate of \("\(leaf.subject)".inOneLine): \(reason)")
        }
        return .accepted(PeerCertificate(leaf))
    }

    /// No chain to a trusted authority was found.
    private func chainFailure(_ leaf: Certificate) -> String {
        let unknown = leaf.extensions.first { $0.critical && !ClientCertificatePolicy.understood.contains($0.oid) }
        if let unknown { return "it has a critical extension that is not understood (\(unknown.oid))" }
        let issuer = "\(leaf.issuer)".inOneLine
        return "no authority in ssl_options.cacertfile vouches for it (issued by \(issuer))"
    }
}

extension Certificate {
    /// Why it is not valid at this time.
    func invalidity(at now: Int64) -> String? {
        let end = CertificateTime.seconds(self.notValidAfter)
        if now > end { return "expired on \(CertificateTime.text(end))" }
        let start = CertificateTime.seconds(self.notValidBefore)
        if now < start { return "not valid before \(CertificateTime.text(start))" }
        return nil
    }
}
