import Authentication
import CredentialChecking
import Foundation
import OutsideNames

/// The users of a file, each checked; the password or the hash as it stands there.
struct UserRows {
    struct User: Sendable {
        var user: StoredUser
        var secret: [UInt8]
        var salt: [UInt8]
    }

    /// Of the rows that are wrong, so many are told.
    private static let mostTold = 10
    /// Of a file: what becomes of a row takes some hundred bytes, be the row ever so short.
    static let mostRows = 250_000

    private(set) var users: [User] = []
    private var faults: [UserStoreFailure.Row] = []
    private var count = 0

    /// - Throws: The file is none, or rows of it are wrong: then the first ten of them.
    init(_ file: UserFile, hash: PasswordHash, mostRows: Int = mostRows) throws(UserStoreFailure) {
        switch file.format {
        case .csv:
            var table = try CSVRows(file.bytes, mostRows: mostRows)
            let needed = ["user_id", file.secret == .plain ? "password" : "password_hash"]
            let missing = needed.filter { !table.columns.contains($0) }
            guard missing.isEmpty else { throw .badFile("there is no column " + missing.joined(separator: ", ")) }
            while faults.count < Self.mostTold, let row = try table.next() {
                take(Fields(csv: row, columns: table.columns), file.secret, hash)
            }
        case .json:
            for fields in try Self.objects(of: file.bytes, mostRows: mostRows) where faults.count < Self.mostTold {
                take(fields, file.secret, hash)
            }
        }
        guard faults.isEmpty else { throw .badRows(faults) }
    }

    private mutating func take(_ fields: Fields, _ secret: UserFile.Secret, _ hash: PasswordHash) {
        count += 1
        do {
            users.append(try Self.user(of: fields, secret, hash))
        } catch {
            faults.append(.init(number: count, reason: error.description))
        }
    }

    /// JSON's decoder takes many bytes for each value, be it ever so short, and first reads them all.
    private static func objects(of bytes: [UInt8], mostRows: Int) throws(UserStoreFailure) -> [Fields] {
        let (rows, values) = size(of: bytes)
        guard rows <= mostRows else { throw .badFile("it has more than \(mostRows) rows") }
        guard values <= 16 * mostRows else { throw .badFile("it holds more than \(16 * mostRows) values") }
        do {
            return try JSONDecoder().decode([Fields].self, from: Data(bytes))
        } catch {
            throw .badFile("this is no JSON list of objects")
        }
    }

    /// At least as many as there are in this JSON.
    private static func size(of bytes: [UInt8]) -> (rows: Int, values: Int) {
        var (rows, values, depth) = (1, 0, 0)
        var (isQuoted, isEscaped) = (false, false)
        for byte in bytes {
            if isQuoted {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isQuoted = true
            case UInt8(ascii: "["), UInt8(ascii: "{"): (values, depth) = (values + 1, depth + 1)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: ","): (values, rows) = (values + 1, rows + (depth == 1 ? 1 : 0))
            case UInt8(ascii: ":"): values += 1
            default: break
            }
        }
        return (rows, values)
    }

    private static func user(
        of fields: Fields, _ secret: UserFile.Secret, _ hash: PasswordHash
    ) throws(UserStoreFailure) -> User {
        if let fault = fields.fault { throw .invalid(fault) }
        guard let id = String(validating: fields.id ?? [], as: UTF8.self) else {
            throw .invalid("user_id is not UTF-8")
        }
        // HTTP Basic has none: whoever made the file meant another name.
        guard !id.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw .invalid("user_id has control characters")
        }
        let user = StoredUser(
            id: UserID(id), isSuperuser: fields.isSuperuser ?? false, securityProfile: fields.securityProfile)
        try BuiltInDatabase.check(user)
        switch secret {
        case .plain:
            guard let password = fields.password, !password.isEmpty else { throw .invalid("there is no password") }
            return User(user: user, secret: password, salt: [])
        case .hash:
            guard let stored = fields.hash, hash.hasForm(stored) else {
                throw .invalid("password_hash is no \(hash.name) hash")
            }
            return User(user: user, secret: stored, salt: fields.salt ?? [])
        }
    }
}

/// One row as it stands there.
private struct Fields: Decodable {
    var id: [UInt8]?
    var password: [UInt8]?
    var hash: [UInt8]?
    var salt: [UInt8]?
    var isSuperuser: Bool?
    var securityProfile: Int?
    /// What is wrong with it; one wrong row must not hide the others.
    var fault: String?

    init(csv csvRow: CSVRows.Row, columns: [String]) {
        let row = Dictionary(zip(columns, csvRow.fields)) { first, _ in first }
        id = row["user_id"]
        password = row["password"]
        hash = row["password_hash"]
        salt = row["salt"]
        func text(_ column: String) -> String? {
            row[column].flatMap { $0.isEmpty ? nil : String(decoding: $0, as: UTF8.self) }
        }
        if let text = text("is_superuser") {
            isSuperuser = ["true": true, "1": true, "false": false, "0": false][text]
            if isSuperuser == nil { fault = "is_superuser is true or false" }
        }
        if let text = text("security_profile") {
            securityProfile = Int(text)
            if securityProfile == nil { fault = "security_profile is 1, 2 or 3" }
        }
        if csvRow.hasSurplus { fault = "there are more fields than columns" }
    }

    private enum Key: String, CodingKey {
        case id = "user_id"
        case password
        case hash = "password_hash"
        case salt
        case isSuperuser = "is_superuser"
        case securityProfile = "security_profile"
    }

    init(from decoder: any Decoder) throws {
        guard let fields = try? decoder.container(keyedBy: Key.self) else {
            fault = "this is no object"
            return
        }
        func bytes(_ key: Key) throws -> [UInt8]? {
            try fields.decodeIfPresent(String.self, forKey: key).map { Array($0.utf8) }
        }
        do {
            id = try bytes(.id)
            password = try bytes(.password)
            hash = try bytes(.hash)
            salt = try bytes(.salt)
            isSuperuser = try fields.decodeIfPresent(Bool.self, forKey: .isSuperuser)
            securityProfile = try fields.decodeIfPresent(Int.self, forKey: .securityProfile)
        } catch {
            fault = "a member has not its type"
        }
    }
}
