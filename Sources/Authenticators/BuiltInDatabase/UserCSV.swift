import Authentication
import CredentialChecking

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
