import OutsideNames

/// The name of a user of the gateway's own database: a user name or an identity, as it is configured; 1 to 255 bytes.
package typealias UserID = OutsideName<UserIDKind>

package enum UserIDKind {}

/// The users that the gateway keeps itself (management.md, "Authentication and users"). A change counts for the next
/// handshake.
package protocol UserStore: Sendable {
    /// Sorted by the bytes of the id.
    func users(_ query: UserQuery) async throws(UserStoreFailure) -> UserPage
    /// Nil: there is none.
    func user(_ id: UserID) async throws(UserStoreFailure) -> StoredUser?
    func add(_ user: NewUser) async throws(UserStoreFailure) -> StoredUser
    func update(_ id: UserID, _ change: UserChange) async throws(UserStoreFailure) -> StoredUser
    func delete(_ id: UserID) async throws(UserStoreFailure)
    /// All rows or none.
    func add(_ file: UserFile) async throws(UserStoreFailure) -> UserImportReport
    /// CSV of hashes, for another gateway's import.
    func export() async throws(UserStoreFailure) -> String
}

/// What is said about a user; never the hash.
package struct StoredUser: Sendable, Equatable {
    package var id: UserID
    package var isSuperuser: Bool
    /// 1, 2, 3; nil: any.
    package var securityProfile: Int?

    package init(id: UserID, isSuperuser: Bool = false, securityProfile: Int? = nil) {
        self.id = id
        self.isSuperuser = isSuperuser
        self.securityProfile = securityProfile
    }
}

package struct NewUser: Sendable {
    package var user: StoredUser
    /// As the charge point will send it; an AuthorizationKey in hexadecimal is stored in capitals.
    package var password: [UInt8]

    package init(_ user: StoredUser, password: [UInt8]) {
        self.user = user
        self.password = password
    }
}

/// What is nil stays.
package struct UserChange: Sendable {
    package var password: [UInt8]?
    /// How long the old password stays good beside the new one; nil: no longer.
    package var keepPrevious: Duration?
    package var isSuperuser: Bool?
    /// `.some(nil)`: any profile from now on.
    package var securityProfile: Int??

    package init(
        password: [UInt8]? = nil, keepPrevious: Duration? = nil, isSuperuser: Bool? = nil, securityProfile: Int?? = nil
    ) {
        self.password = password
        self.keepPrevious = keepPrevious
        self.isSuperuser = isSuperuser
        self.securityProfile = securityProfile
    }
}

package struct UserQuery: Sendable {
    /// From 1.
    package var page = 1
    package var limit = 100
    /// A part of the id, by its bytes.
    package var like: String?
    package var isSuperuser: Bool?

    package init() {}
}

package struct UserPage: Sendable, Equatable {
    package var users: [StoredUser]
    /// Of all that match.
    package var count: Int

    package init(users: [StoredUser], count: Int) {
        self.users = users
        self.count = count
    }
}

/// A file of users: of an import, or read at start.
package struct UserFile: Sendable {
    package enum Format: Sendable {
        case csv, json
    }

    /// What stands in the file for a password.
    package enum Secret: String, Sendable, CaseIterable {
        case plain, hash
    }

    package var bytes: [UInt8]
    package var format: Format
    package var secret: Secret
    /// False: who is there already stays as it is.
    package var replacesExisting: Bool

    package init(bytes: [UInt8], format: Format, secret: Secret, replacesExisting: Bool = false) {
        self.bytes = bytes
        self.format = format
        self.secret = secret
        self.replacesExisting = replacesExisting
    }
}

/// Rows of an import: `total` is the sum of the others.
package struct UserImportReport: Sendable, Equatable {
    package var total = 0
    /// New users.
    package var success = 0
    /// Users that were there and have been replaced.
    package var override = 0
    /// Users that were there and have stayed.
    package var skipped = 0
    /// Always 0: with a bad row nothing is changed.
    package var failed = 0

    package init() {}
}

/// Why a request to the user store is not done. Never a password or a hash in it.
package enum UserStoreFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case exists(UserID)
    case notFound(UserID)
    /// What is asked for cannot be: an id that is too long, a password that the hash cannot take.
    case invalid(String)
    /// The file as a whole.
    case badFile(String)
    /// The first ten bad rows; the first row below a header is 1.
    case badRows([Row])
    /// The database cannot be read or written.
    case unavailable(String)

    package struct Row: Sendable, Equatable {
        package var number: Int
        package var reason: String

        package init(number: Int, reason: String) {
            self.number = number
            self.reason = reason
        }
    }

    package var description: String {
        switch self {
        case .exists(let id): "user \(id) is there already"
        case .notFound(let id): "there is no user \(id)"
        case .invalid(let reason), .badFile(let reason): reason
        case .badRows(let rows): "bad rows: " + rows.map { "\($0.number) (\($0.reason))" }.joined(separator: ", ")
        case .unavailable(let reason): "the user database cannot be used: \(reason)"
        }
    }
}

extension NewUser: CustomStringConvertible, CustomReflectable {
    package var description: String { "user \(user.id)" }
    package var customMirror: Mirror { Mirror(self, children: ["user": user]) }
}

extension UserChange: CustomStringConvertible, CustomReflectable {
    package var description: String { "change of a user" }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}

extension UserFile: CustomStringConvertible, CustomReflectable {
    package var description: String { "file of users, \(bytes.count) bytes" }
    package var customMirror: Mirror { Mirror(self, children: ["format": format]) }
}
