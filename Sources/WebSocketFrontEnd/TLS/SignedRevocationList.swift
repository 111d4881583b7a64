import Synchronization
import X509

/// A revocation list, and whose signature it is known to have.
///
/// A list may be megabytes long, and its signature covers all of it: it is checked once for each authority, when the list
/// is read, or for one that only clients show (an intermediate one) when the first of them does, not in each handshake.
final class SignedRevocationList: Sendable {
    let contents: RevocationList
    private let results: Mutex<[Certificate.PublicKey: Bool]> = Mutex([:])
    /// Signatures checked so far.
    private let checks = Atomic(0)

    /// Those that are asked about have this list's issuer as their name, and are vouched for by a trusted authority:
    /// there are few, unless that authority gives the name away.
    private static let mostResults = 64

    init(_ contents: RevocationList) {
        self.contents = contents
    }

    var checkCount: Int { checks.load(ordering: .relaxed) }

    func isSigned(by authority: Certificate) -> Bool {
        if let known = self.results.withLock({ $0[authority.publicKey] }) {
            return known && RevocationList.maySign(authority)
        }
        checks.wrappingAdd(1, ordering: .relaxed)
        let isSigned = contents.hasSignature(of: authority.publicKey)
        self.results.withLock { results in
            if results.count >= Self.mostResults { results.removeAll() }
            results[authority.publicKey] = isSigned
        }
        return isSigned && RevocationList.maySign(authority)
    }
}
