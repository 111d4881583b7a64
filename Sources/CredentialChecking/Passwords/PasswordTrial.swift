import Synchronization

/// Tries a password in its forms against stored rows. An unknown user costs what a wrong password costs.
final class PasswordTrial: Sendable {
    enum Outcome: Sendable, Equatable {
        case right(StoredCredential)
        case wrong
        /// Nothing is stored for this user.
        case unknown
    }

    struct Result: Sendable, Equatable {
        var outcome: Outcome
        /// What is wrong with the stored data, for an error line; nil: nothing.
        var fault: String?
    }

    /// An old and a new password; further rows are not looked at.
    static let rows = 2
    private static let remembered = 100_000

    private let hash: PasswordHash
    private let forms: PasswordForms
    private let key: ProcessKey
    private let verified = Mutex(Memo<Void>(capacity: remembered))
    private let lastBcryptCost: Atomic<Int>

    init(hash: PasswordHash, forms: PasswordForms, key: ProcessKey) {
        self.hash = hash
        self.forms = forms
        self.key = key
        if case .bcrypt(let rounds) = hash {
            lastBcryptCost = Atomic(rounds)
        } else {
            lastBcryptCost = Atomic(0)
        }
    }

    /// Slow by design with some hashes: to be called on one of the ``HashingThreads``.
    func result(of password: [UInt8], against rows: [StoredCredential]) -> Result {
        let forms = forms.forms(of: password)
        guard !rows.isEmpty else {
            tryDummy(forms)
            return Result(outcome: .unknown)
        }
        var fault: String?
        for row in rows.prefix(Self.rows) {
            do {
                if try matches(forms, row) { return Result(outcome: .right(row), fault: fault) }
            } catch {
                fault = fault ?? error.description
                tryDummy(forms)
            }
        }
        return Result(outcome: .wrong, fault: fault)
    }

    func forgetVerified() {
        verified.withLock { $0.removeAll() }
    }

    private func matches(_ forms: [[UInt8]], _ row: StoredCredential) throws(StoredDataFault) -> Bool {
        guard let stored = row.hash, !stored.isEmpty else { throw .noHash }
        if let profile = row.securityProfile, !(1...3).contains(profile) { throw .securityProfile }
        noteCost(of: stored)
        let digests = hash.isSlow ? forms.map { key.digest(of: [stored, row.salt, $0]) } : []
        if verified.withLock({ memo in digests.contains { memo.value(under: $0, at: .now) != nil } }) { return true }
        for (index, form) in forms.enumerated() {
            do {
                guard try hash.matches(form, hash: stored, salt: row.salt, key: key) else { continue }
            } catch {
                throw .malformed(error)
            }
            if hash.isSlow { verified.withLock { $0.keep((), under: digests[index]) } }
            return true
        }
        return false
    }

    /// The result is that of no password; the time is what it is for.
    private func tryDummy(_ forms: [[UInt8]]) {
        let dummy = hash.dummy(bcryptCost: lastBcryptCost.load(ordering: .relaxed))
        for form in forms { _ = try? hash.matches(form, hash: dummy.hash, salt: dummy.salt, key: key) }
    }

    private func noteCost(of stored: [UInt8]) {
        guard case .bcrypt = hash, let cost = BcryptHash(stored)?.cost else { return }
        lastBcryptCost.store(cost, ordering: .relaxed)
    }
}

/// A row that no password can match.
private enum StoredDataFault: Error {
    case noHash
    case securityProfile
    case malformed(MalformedHash)

    var description: String {
        switch self {
        case .noHash: "there is no password hash in the row"
        case .securityProfile: "security_profile is not 1, 2 or 3"
        case .malformed(let fault): fault.description
        }
    }
}
