import Authentication
import CredentialChecking
import GRDB

extension BuiltInDatabase: CredentialSource {
    package func storedCredentials(for credentials: Credentials) async throws(BackendFailure) -> [StoredCredential] {
        let id =
            switch configuration.idType {
            case .userName: credentials.userName?.utf8.bytes ?? []
            case .identity: credentials.identity.utf8.bytes
            }
        let now = wallClock()
        return try await readForHandshake { database in
            guard
                let row = try Row.fetchOne(database, sql: "SELECT * FROM users WHERE user_id = ?", arguments: [id.blob])
            else { return [] }
            return Self.credentials(in: row, at: now)
        }
    }

    package func changeCount() async -> Int {
        // What cannot be read is no reason to trust an old answer less; the question that follows will fail.
        (try? await pool.read { try Int.fetchOne($0, sql: "SELECT count FROM changes") }) ?? 0
    }

    /// The password, and for a while the one before it.
    private static func credentials(in row: Row, at now: Int64) -> [StoredCredential] {
        let profile = row["security_profile"] as Int?
        let isSuperuser = row["is_superuser"] as Bool
        func credential(_ hash: [UInt8], _ salt: [UInt8]) -> StoredCredential {
            StoredCredential(hash: hash, salt: salt, isSuperuser: isSuperuser, securityProfile: profile)
        }
        var credentials = [credential(row.bytes("password_hash") ?? [], row.bytes("salt") ?? [])]
        if let previous = row.bytes("previous_hash"), let until = row["previous_until"] as Int64?, now < until {
            credentials.append(credential(previous, row.bytes("previous_salt") ?? []))
        }
        return credentials
    }

    private func readForHandshake<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(BackendFailure) -> Result {
        do {
            return try await pool.read(body)
        } catch {
            let isAway = (error as? DatabaseError).map {
                [.SQLITE_BUSY, .SQLITE_IOERR, .SQLITE_CANTOPEN].contains($0.resultCode)
            }
            throw BackendFailure(isAway ?? true ? .unreachable : .nonsense, reason: Self.words(of: error))
        }
    }
}
