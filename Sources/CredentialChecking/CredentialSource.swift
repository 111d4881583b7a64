import Authentication

/// Where a charge point's stored password comes from: a database, asked once for each handshake.
package protocol CredentialSource: Sendable {
    /// The rows for these credentials: none (unknown), one, or two (an old password and a new one: either is good).
    ///
    /// Waits for a free connection, and is cancelled with its task. Never throws for a row whose data is wrong: that is
    /// in the row.
    func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential]

    /// Another number once something stored has been changed, for a source that can know; else always 0.
    func changeCount() async -> Int
}

extension CredentialSource {
    package func changeCount() async -> Int { 0 }
}

/// One row, document or key of a backend.
package struct StoredCredential: Sendable, Equatable {
    /// The hash as it is stored; nil: NULL, empty or missing.
    package var hash: [UInt8]?
    /// As it is stored, never decoded; NULL is empty.
    package var salt: [UInt8]
    /// Read, and without effect: the broker's access list decides about topics.
    package var isSuperuser: Bool
    /// The OCPP security profile by which this charge point must come in at least (1, 2, 3); nil: any.
    package var securityProfile: Int?

    package init(hash: [UInt8]?, salt: [UInt8] = [], isSuperuser: Bool = false, securityProfile: Int? = nil) {
        self.hash = hash
        self.salt = salt
        self.isSuperuser = isSuperuser
        self.securityProfile = securityProfile
    }
}

extension StoredCredential: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "stored credential" }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Why a backend gave no answer: always 503 for the charge point.
package struct BackendFailure: Error, Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// Not connected, hung up, timed out: counts for "the backend is down".
        case unreachable
        /// It answered, but with what makes no sense: a wrong query, our credentials refused, odd data.
        case nonsense
    }

    package var kind: Kind
    /// The server's words, for the log: no password, parameter or hash in them.
    package var reason: String
    /// Seconds, where the backend has said so itself (HTTP `Retry-After`).
    package var retryAfter: Int?

    package init(_ kind: Kind, reason: String, retryAfter: Int? = nil) {
        self.kind = kind
        self.reason = reason
        self.retryAfter = retryAfter
    }
}
