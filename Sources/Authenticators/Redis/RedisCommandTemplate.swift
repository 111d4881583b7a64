import Authentication
import CredentialChecking

/// The key `cmd`: `HGET` or `HMGET`, one key with placeholders, and which fields of it are asked for.
struct RedisCommandTemplate: Sendable {
    private enum Field: String, CaseIterable {
        case hash = "password_hash"
        case password
        case salt
        case isSuperuser = "is_superuser"
        case securityProfile = "security_profile"

        var isHash: Bool { self == .hash || self == .password }
    }

    private let name: String
    private let key: CredentialTemplate
    private let fields: [Field]

    init(_ text: String) throws(BackendProblem) {
        let words = text.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count >= 3, ["HGET", "HMGET"].contains(words[0].uppercased()) else {
            throw BackendProblem(
                "cmd", "expected HGET or HMGET, a key and fields: \(RedisConfiguration.defaultCommand)")
        }
        name = words[0].uppercased()
        do throws(CredentialTemplateError) {
            key = try CredentialTemplate(words[1])
        } catch {
            throw BackendProblem("cmd", error.description)
        }
        guard key.namesIdentity else { throw BackendProblem("cmd", BackendProblem.namesNobody) }
        var fields: [Field] = []
        for word in words.dropFirst(2) {
            guard let field = Field(rawValue: word), !fields.contains(field) else {
                let names = Field.allCases.map(\.rawValue).joined(separator: ", ")
                throw BackendProblem("cmd", "expected fields after the key, each once, out of \(names)")
            }
            fields.append(field)
        }
        guard fields.count(where: \.isHash) == 1 else {
            throw BackendProblem("cmd", "expected password_hash or password among the fields, one of them")
        }
        guard name == "HMGET" || fields.count == 1 else { throw BackendProblem("cmd", "expected one field with HGET") }
        self.fields = fields
    }

    /// What is sent: each word as it is, so that a user name stays a part of the key.
    func command(for credentials: Credentials) -> RedisCommand {
        RedisCommand([name, key.text(for: credentials)] + fields.map(\.rawValue))
    }

    /// - Returns: none: there is no such key.
    func credentials(from answer: RedisValue) throws(ConnectionFault) -> [StoredCredential] {
        let values = if case .array(let values) = answer { values } else { [answer] }
        guard values.count == fields.count else {
            throw .nonsense("an answer of \(values.count) fields instead of \(fields.count)", isUsable: false)
        }
        var found: [Field: [UInt8]] = [:]
        for (field, value) in zip(fields, values) {
            switch value {
            case .bytes(let bytes): found[field] = bytes
            case .null: break
            case .array, .error, .integer, .status:
                throw .nonsense("an answer that is no text", isUsable: false)
            }
        }
        guard !found.isEmpty else { return [] }
        let credential = try StoredCredential(
            hash: found[.hash] ?? found[.password], salt: found[.salt], isSuperuser: found[.isSuperuser],
            securityProfile: found[.securityProfile])
        return [credential]
    }
}
