import Management
import OutsideNames
import Settings

extension SettingsValue {
    /// As it came in a body.
    init(_ json: JSON) {
        self =
            switch json {
            case .null: .null
            case .bool(let value): .plain(value ? "true" : "false")
            case .number(let digits): .plain(digits)
            case .string(let text): .text(text)
            case .array(let elements): .list(elements.map { SettingsValue($0) })
            case .object(let members): .map([SettingsMember](members))
            case .verbatim(let bytes): .text(String(buffer: bytes))
            }
    }
}

extension [SettingsMember] {
    init(_ members: [JSON.Member]) {
        self = members.map { SettingsMember($0.key, SettingsValue($0.value)) }
    }

    /// Each value by its whole key, however it was nested.
    func flattened(under prefix: String = "") -> [SettingsMember] {
        flatMap { member -> [SettingsMember] in
            let key = prefix + member.name
            guard case .map(let inner) = member.value, !inner.isEmpty else {
                return [SettingsMember(key, member.value)]
            }
            return inner.flattened(under: key + ".")
        }
    }
}

extension JSON {
    init(_ value: SettingsValue) {
        self =
            switch value {
            case .null: .null
            case .plain(let word):
                if let truth = Bool(word) {
                    .bool(truth)
                } else {
                    Int(word).map { .integer($0) } ?? .string(word)
                }
            case .text(let text): .string(text)
            case .list(let elements): .array(elements.map { JSON($0) })
            case .map(let members): .object(members.map { Member($0.name, JSON($0.value)) })
            }
    }

    /// A setting's text as its kind has it in JSON; null where it has no value.
    init(_ text: String, of kind: SettingKind) {
        switch kind {
        case .boolean: self = SettingText.boolean(text).map { .bool($0) } ?? Self.orNull(text)
        case .integer: self = SettingText.integer(text).map { .integer($0) } ?? Self.orNull(text)
        case .map:
            let value = text.isEmpty ? .map([]) : try? SettingsValue(json: text)
            self = value.map { JSON($0) } ?? .string(text)
        case .pairs: self = Self.pairs(text)
        case .text, .file, .list: self = .string(text)
        case .choice, .duration, .byteSize: self = Self.orNull(text)
        }
    }

    private static func orNull(_ text: String) -> JSON { text.isEmpty ? .null : .string(text) }

    /// `name=text` with commas between them.
    private static func pairs(_ text: String) -> JSON {
        .object(
            SettingText.list(text).map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return Member(String(parts[0]), .string(parts.count > 1 ? String(parts[1]) : ""))
            })
    }

    /// Keys with dots as objects in objects, in the order in which they come; what has no value is left out.
    static func nested(_ values: [(key: String, value: JSON)]) -> JSON {
        var root: [Member] = []
        for (key, value) in values where !value.isNull {
            insert(value, at: key.split(separator: ".").map(String.init)[...], into: &root)
        }
        return .object(root)
    }

    private static func insert(_ value: JSON, at path: ArraySlice<String>, into members: inout [Member]) {
        guard let name = path.first else { return }
        let rest = path.dropFirst()
        let place = members.firstIndex { $0.key.hasSameBytes(as: name) }
        guard !rest.isEmpty else {
            if place == nil { members.append(Member(name, value)) }
            return
        }
        var inner = place.flatMap { members[$0].value.members } ?? []
        insert(value, at: rest, into: &inner)
        if let place { members[place].value = .object(inner) } else { members.append(Member(name, .object(inner))) }
    }
}

extension SettingReading {
    /// It says something: TLS options of a listener without TLS do not, until they are set.
    var isForShow: Bool { !(isOptionalInFile && isDefault) }

    /// What takes effect; secrets hidden.
    var valueInEffect: String {
        if isSecret { return shown }
        return effectiveText ?? (flaw == nil ? normalized : shown)
    }

    /// The same in JSON.
    var json: JSON { isSecret ? .string(valueInEffect) : JSON(valueInEffect, of: kind) }

    /// In EMQX's form: a file or secret that is not set is left out, rules, versions and ciphers are arrays.
    var nestedJSON: JSON {
        if isSecret || kind == .file, valueInEffect.isEmpty { return .null }
        let arrays = ["access_rules", "versions", "ciphers"]
        guard kind == .list, let name = key.split(separator: ".").last, arrays.contains(String(name)) else {
            return json
        }
        return .array(SettingText.list(valueInEffect).map { .string($0) })
    }
}
