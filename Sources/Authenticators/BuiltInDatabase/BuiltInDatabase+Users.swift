import Authentication
import CredentialChecking
import GRDB
import OutsideNames

extension BuiltInDatabase: UserStore {
    package func users(_ query: UserQuery) async throws(UserStoreFailure) -> UserPage {
        var conditions: [String] = []
        var arguments = StatementArguments()
        if let like = query.like, !like.isEmpty {
            conditions.append("instr(user_id, ?) > 0")
            arguments += [like.utf8.bytes.blob]
        }
        if let isSuperuser = query.isSuperuser {
            conditions.append("is_superuser = ?")
            arguments += [isSuperuser]
        }
        let filter = conditions.isEmpty ? "" : " WHERE " + conditions.joined(separator: " AND ")
        let values = arguments
        let limit = max(query.limit, 0)
        let offset = (max(query.page, 1) - 1).multipliedReportingOverflow(by: limit)
        return try await read { database in
            let count = try Int.fetchOne(database, sql: "SELECT count(*) FROM users\(filter)", arguments: values) ?? 0
            guard !offset.overflow else { return UserPage(users: [], count: count) }
            let rows = try Row.fetchAll(
                database, sql: "SELECT * FROM users\(filter) ORDER BY user_id LIMIT ? OFFSET ?",
                arguments: values + [limit, offset.partialValue])
            return UserPage(users: rows.map(Self.user), count: count)
        }
    }

    package func user(_ id: UserID) async throws(UserStoreFailure) -> StoredUser? {
        try await read { try Self.row(of: id, in: $0).map(Self.user) }
    }

    package func add(_ user: NewUser) async throws(UserStoreFailure) -> StoredUser {
        try Self.check(user.user)
        let made = try await hashed(user.password)
        let isNew = try await write { database in
            guard try Self.row(of: user.user.id, in: database) == nil else { return false }
            try database.execute(sql: Self.insertion, arguments: Self.insertionValues(user.user, made))
            return true
        }
        guard isNew else { throw .exists(user.user.id) }
        return user.user
    }

    package func update(_ id: UserID, _ change: UserChange) async throws(UserStoreFailure) -> StoredUser {
        if case .some(.some(let profile)) = change.securityProfile { try Self.check(profile: profile) }
        if change.keepPrevious != nil, change.password == nil {
            throw .invalid("keep_previous is for a new password, and there is none")
        }
        var made: HashedPassword?
        if let password = change.password { made = try await hashed(password) }
        let hash = made
        let until = change.keepPrevious.map { self.end(of: $0) }
        let user = try await write { database -> StoredUser? in
            guard let row = try Self.row(of: id, in: database) else { return nil }
            var user = Self.user(in: row)
            user.isSuperuser = change.isSuperuser ?? user.isSuperuser
            if let profile = change.securityProfile { user.securityProfile = profile }
            try database.execute(
                sql: "UPDATE users SET is_superuser = ?, security_profile = ? WHERE user_id = ?",
                arguments: [user.isSuperuser, user.securityProfile, id.utf8.bytes.blob])
            if let hash { try Self.replacePassword(of: row, by: hash, keepingUntil: until, in: database) }
            return user
        }
        guard let user else { throw .notFound(id) }
        return user
    }

    package func delete(_ id: UserID) async throws(UserStoreFailure) {
        let wasThere = try await write { database in
            try database.execute(sql: "DELETE FROM users WHERE user_id = ?", arguments: [id.utf8.bytes.blob])
            return database.changesCount > 0
        }
        guard wasThere else { throw .notFound(id) }
    }

    package func export() async throws(UserStoreFailure) -> String {
        try await read { database in
            let rows = try Row.fetchCursor(database, sql: "SELECT * FROM users ORDER BY user_id")
            var csv = UserCSV(
                hasProfiles: try Bool.fetchOne(
                    database, sql: "SELECT EXISTS (SELECT 1 FROM users WHERE security_profile IS NOT NULL)") ?? false)
            while let row = try rows.next() {
                csv.append(
                    Self.user(in: row), hash: row.bytes("password_hash") ?? [], salt: row.bytes("salt") ?? [])
            }
            return csv.text
        }
    }

    // MARK: - Rows

    static func row(of id: UserID, in database: Database) throws -> Row? {
        try Row.fetchOne(database, sql: "SELECT * FROM users WHERE user_id = ?", arguments: [id.utf8.bytes.blob])
    }

    private static func user(in row: Row) -> StoredUser {
        StoredUser(
            id: UserID(String(decoding: row.bytes("user_id") ?? [], as: UTF8.self)),
            isSuperuser: row["is_superuser"], securityProfile: row["security_profile"])
    }

    /// Replaces who is there.
    static let insertion = """
        INSERT OR REPLACE INTO users (user_id, password_hash, salt, is_superuser, security_profile)
        VALUES (?, ?, ?, ?, ?)
        """

    static func insertionValues(_ user: StoredUser, _ password: HashedPassword) -> StatementArguments {
        [user.id.utf8.bytes.blob, password.hash.blob, password.salt.blob, user.isSuperuser, user.securityProfile]
    }

    private static func replacePassword(
        of row: Row, by password: HashedPassword, keepingUntil until: Int64?, in database: Database
    ) throws {
        try database.execute(
            sql: """
                UPDATE users SET password_hash = ?, salt = ?, previous_hash = ?, previous_salt = ?, previous_until = ?
                WHERE user_id = ?
                """,
            arguments: [
                password.hash.blob, password.salt.blob, until == nil ? nil : row.bytes("password_hash")?.blob,
                until == nil ? nil : row.bytes("salt")?.blob, until, row.bytes("user_id")?.blob,
            ])
    }

    private func end(of duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (milliseconds, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        let (end, endOverflow) = wallClock().addingReportingOverflow(milliseconds)
        return overflow || endOverflow ? .max : end + attoseconds / 1_000_000_000_000_000
    }

    // MARK: - Checks

    static func check(_ user: StoredUser) throws(UserStoreFailure) {
        guard (1...255).contains(user.id.utf8.count) else { throw .invalid("a user id is 1 to 255 bytes") }
        if let profile = user.securityProfile { try check(profile: profile) }
    }

    private static func check(profile: Int) throws(UserStoreFailure) {
        guard (1...3).contains(profile) else { throw .invalid("security_profile is 1, 2 or 3") }
    }

    func hashed(_ password: [UInt8]) async throws(UserStoreFailure) -> HashedPassword {
        guard !password.isEmpty else { throw .invalid("a password must not be empty") }
        let (hash, stored) = (configuration.hash, configuration.forms.stored(password))
        guard let result = await threads.run({ hash.made(from: stored) }) else {
            throw .unavailable("too many passwords wait to be hashed")
        }
        guard let (hash, salt) = result else { throw .invalid("\(hash.name) cannot take this password") }
        return HashedPassword(hash: hash, salt: salt)
    }

    // MARK: - The database

    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(UserStoreFailure) -> Result {
        do {
            return try await pool.read(body)
        } catch {
            throw .unavailable(Self.words(of: error))
        }
    }

    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws(UserStoreFailure) -> Result {
        do {
            return try await pool.write(body)
        } catch {
            throw .unavailable(Self.words(of: error))
        }
    }
}

/// As it is stored.
struct HashedPassword: Sendable {
    var hash: [UInt8]
    var salt: [UInt8]
}
