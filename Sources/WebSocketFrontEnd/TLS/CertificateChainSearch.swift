import SwiftASN1
import X509

/// Finds the chains from a client's certificate to a trusted authority among what the client has sent with it.
///
/// swift-certificates' own search visits every order in which certificates of one subject can stand: n of them cost n!
/// signatures. Here everything is bounded: how many certificates are looked at, and how many signatures are checked.
struct CertificateChainSearch {
    /// Signatures checked for one client, at most.
    static let mostSteps = 128

    /// Subject and key: who has both of another stands for it as an issuer (RFC 4158, 5.2).
    private struct Issuer: Hashable {
        var subject: DistinguishedName
        var key: Certificate.PublicKey
    }

    private let authorities: [DistinguishedName: [Certificate]]
    private let intermediates: [DistinguishedName: [Certificate]]
    private let isWanted: () -> Bool
    /// Signatures checked so far.
    private(set) var steps = 0

    /// - Parameters:
    ///   - shown: What the client sent behind its own certificate.
    ///   - isWanted: Asked before each step; false: the client has gone.
    init(
        authorities: [DistinguishedName: [Certificate]], shown: some Sequence<Certificate>,
        isWanted: @escaping () -> Bool = { true }
    ) {
        self.authorities = authorities
        var seen: Set<Issuer> = []
        let distinct = shown.filter { seen.insert(Issuer(subject: $0.subject, key: $0.publicKey)).inserted }
        self.intermediates = Dictionary(grouping: distinct, by: \.subject)
        self.isWanted = isWanted
    }

    enum Outcome {
        /// From the client's certificate to the authority's.
        case accepted
        /// Nil: no chain was found.
        case refused(firstReason: String?)
        /// The search was given up.
        case tooManySteps
    }

    /// - Parameter judge: Says why a chain, whose signatures are right, is not to be accepted; nil: it is.
    mutating func run(from leaf: Certificate, judge: ([Certificate]) async -> String?) async -> Outcome {
        var reason: String?
        // A client's certificate may itself be trusted.
        if authorities[leaf.subject, default: []].contains(leaf) {
            reason = await judge([leaf])
            if reason == nil { return .accepted }
        }
        var partial = [[leaf]]
        while let chain = partial.popLast(), let tip = chain.last {
            for authority in authorities[tip.issuer, default: []] where !chain.contains(authority) {
                guard let isSigned = checkSignature(of: tip, by: authority) else { return .tooManySteps }
                guard isSigned else { continue }
                // Checks its signatures once more.
                steps += chain.count
                let fault = await judge(chain + [authority])
                if fault == nil { return .accepted }
                reason = reason ?? fault
            }
            for issuer in intermediates[tip.issuer, default: []].reversed() where !chain.contains(issuer) {
                guard let isSigned = checkSignature(of: tip, by: issuer) else { return .tooManySteps }
                if isSigned { partial.append(chain + [issuer]) }
            }
        }
        return .refused(firstReason: reason)
    }

    /// Nil: this step is one too many.
    private mutating func checkSignature(of certificate: Certificate, by issuer: Certificate) -> Bool? {
        guard steps < Self.mostSteps, isWanted() else { return nil }
        steps += 1
        return issuer.publicKey.isValidSignature(certificate.signature, for: certificate)
    }
}
