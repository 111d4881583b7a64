import NIOCore
import OutsideNames

/// The users of the built-in database. Each call is one transaction.
package protocol UserOperations: Sendable {
    /// Sorted by id.
    func users(_ query: UserQuery) async throws(OperationFailure) -> UserPage

    /// Nil: no such user.
    func user(_ id: UserName) async throws(OperationFailure) -> StoredUser?

    /// - Throws: `alreadyExists`, `refused`.
    func add(_ user: NewUser) async throws(OperationFailure) -> StoredUser

    /// Nil: no such user.
    func change(_ id: UserName, _ change: UserChange) async throws(OperationFailure) -> StoredUser?

    /// False: no such user.
    func delete(_ id: UserName) async throws(OperationFailure) -> Bool

    /// All rows or none.
    /// - Throws: `refused` with the numbers of the first ten bad rows.
    func importUsers(_ body: UserImport) async throws(OperationFailure) -> UserImportResult

    /// CSV of hashes, for another gateway's import, some thousand users at a time in the order of their ids.
    ///
    /// - Parameter last: The last user of the piece before; nil: the first piece, which begins with the header line.
    func exportUsers(after last: UserName?) async throws(OperationFailure) -> UserExportPiece
}

package struct UserQuery: Sendable, Equatable {
    /// A part of the id; nil: any.
    package var like: String?
    package var isSuperuser: Bool?
    package var offset: Int
    package var limit: Int

    package init(like: String? = nil, isSuperuser: Bool? = nil, offset: Int = 0, limit: Int) {
        self.like = like
        self.isSuperuser = isSuperuser
        self.offset = offset
        self.limit = limit
    }
}

package struct UserPage: Sendable, Equatable {
    package var users: [StoredUser]
    /// All that match.
    package var count: Int

    package init(users: [StoredUser], count: Int) {
        self.users = users
        self.count = count
    }
}

package struct StoredUser: Sendable, Equatable {
    package var id: UserName
    package var isSuperuser: Bool
    package var securityProfile: Int?

    package init(id: UserName, isSuperuser: Bool, securityProfile: Int? = nil) {
        self.id = id
        self.isSuperuser = isSuperuser
        self.securityProfile = securityProfile
    }
}

package struct NewUser: Sendable, Equatable {
    package var id: UserName
    package var password: Password
    package var isSuperuser: Bool
    package var securityProfile: Int?

    package init(id: UserName, password: Password, isSuperuser: Bool = false, securityProfile: Int? = nil) {
        self.id = id
        self.password = password
        self.isSuperuser = isSuperuser
        self.securityProfile = securityProfile
    }
}

/// What is nil stays.
package struct UserChange: Sendable, Equatable {
    package var password: Password?
    /// How long the old password stays good beside the new one.
    package var keepPrevious: Duration?
    package var isSuperuser: Bool?
    package var securityProfile: Int?

    package init(
        password: Password? = nil, keepPrevious: Duration? = nil, isSuperuser: Bool? = nil, securityProfile: Int? = nil
    ) {
        self.password = password
        self.keepPrevious = keepPrevious
        self.isSuperuser = isSuperuser
        self.securityProfile = securityProfile
    }
}

/// `POST …/authentication/import_users`.
package struct UserImport: Sendable {
    package enum Format: Sendable, Equatable {
        /// With a header line: `user_id,password_hash,salt,is_superuser` or `user_id,password,is_superuser`.
        case csv
        /// A list of objects with these.
        case json
    }

    package enum Content: String, Sendable, CaseIterable {
        case hash, plain
    }

    package var format: Format
    package var content: Content
    /// Users that are there are replaced, not skipped.
    package var overrides: Bool
    package var bytes: ByteBuffer

    package init(format: Format, content: Content, overrides: Bool, bytes: ByteBuffer) {
        self.format = format
        self.content = content
        self.overrides = overrides
        self.bytes = bytes
    }
}

package struct UserImportResult: Sendable, Equatable {
    package var total: Int
    package var success: Int
    package var overridden: Int
    package var skipped: Int
    package var failed: Int

    package init(total: Int, success: Int, overridden: Int, skipped: Int, failed: Int) {
        self.total = total
        self.success = success
        self.overridden = overridden
        self.skipped = skipped
        self.failed = failed
    }
}

package struct UserExportPiece: Sendable, Equatable {
    package var bytes: ByteBuffer
    /// To go on behind; nil: this was the last piece.
    package var last: UserName?

    package init(bytes: ByteBuffer, last: UserName?) {
        self.bytes = bytes
        self.last = last
    }
}
