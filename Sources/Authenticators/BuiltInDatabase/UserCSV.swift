import Authentication
import CredentialChecking
import SwiftCSV

/// CSV of hashes as it is exported: the columns of EMQX, and ours only where somebody has a value in it.
struct UserCSV {
    private let hasProfiles: Bool
    private(set) var text: String

    init(hasProfiles: Bool) {
        self.hasProfiles = hasProfiles
        text = "user_id,password_hash,salt,is_superuser" + (hasProfiles ? ",security_profile" : "") + "\n"
    }

    mutating func append(_ user: StoredUser, hash: [UInt8], salt: [UInt8]) {
        var fields = [
            Self.quoted(user.id.text), Self.quoted(String(decoding: hash, as: UTF8.self)),
            Self.quoted(String(decoding: salt, as: UTF8.self)), user.isSuperuser ? "true" : "false",
        ]
        if hasProfiles { fields.append(user.securityProfile.map(String.init) ?? "") }
        text += fields.joined(separator: ",") + "\n"
    }

    /// By RFC 4180, and wherever a reader could take offence.
    private static func quoted(_ field: String) -> String {
        let isHarmless = field.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "$"), UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                true
            default: false
            }
        }
        guard !isHarmless else { return field }
        var quoted = Array("\"".utf8)
        for byte in field.utf8 { quoted += byte == UInt8(ascii: "\"") ? [byte, byte] : [byte] }
        return String(decoding: quoted + [UInt8(ascii: "\"")], as: UTF8.self)
    }
}

/// A CSV file's rows as bytes by the names of their columns.
///
/// The parser goes by Swift's characters: it drops spaces before a field, ends lines at odd places, and takes a quote or
/// comma with a combining accent after it for neither. So each byte without a meaning in CSV is handed to it as a
/// character of its own (U+E000 and up), and taken back afterwards.
struct CSVRows {
    struct Row {
        /// By the column's name.
        var fields: [String: [UInt8]]
        /// There are more fields than columns: somebody's comma is not in quotes.
        var hasSurplus: Bool
    }

    let columns: [String]
    let rows: [Row]

    /// - Throws: It is no CSV.
    init(_ bytes: [UInt8]) throws(UserStoreFailure) {
        let table: CSV<Enumerated>
        do {
            table = try CSV<Enumerated>(string: Self.characters(bytes), delimiter: .comma, loadColumns: false)
        } catch {
            throw .badFile("this is no CSV: quotes do not match")
        }
        let columns = table.header.map { String(decoding: Self.bytes($0), as: UTF8.self) }
        guard Set(columns).count == columns.count else { throw .badFile("a column is there twice") }
        self.columns = columns
        rows = table.rows.filter { $0.contains { !$0.isEmpty } }.map { fields in
            Row(
                fields: Dictionary(zip(columns, fields.map(Self.bytes))) { first, _ in first },
                hasSurplus: fields.dropFirst(columns.count).contains { !$0.isEmpty })
        }
    }

    private static func characters(_ bytes: [UInt8]) -> String {
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        var scalars = String.UnicodeScalarView()
        for byte in bytes.starts(with: mark) ? bytes.dropFirst(3) : bytes[...] {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\r"), UInt8(ascii: "\n"):
                scalars.append(UnicodeScalar(byte))
            default:
                scalars.append(UnicodeScalar(0xE000 + UInt32(byte)) ?? "?")
            }
        }
        return String(scalars)
    }

    private static func bytes(_ characters: String) -> [UInt8] {
        characters.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    }
}
