import JSONText

extension SettingsValue {
    /// A JSON text, such as a map is in the environment.
    ///
    /// - Throws: what is wrong with it, without quoting it.
    package init(json text: String) throws(SettingFlaw) {
        var copy = text
        let result: Result<SettingsValue, JSONSyntaxError> = copy.withUTF8 { bytes in
            var scanner = JSONScanner(UnsafeRawBufferPointer(bytes))
            do throws(JSONSyntaxError) {
                scanner.skipWhitespace()
                let value = try Self.value(&scanner)
                try scanner.expectEnd()
                return .success(value)
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let value): self = value
        case .failure(let error): throw SettingFlaw("expected JSON: \(error.reason)")
        }
    }

    private static func value(_ scanner: inout JSONScanner) throws(JSONSyntaxError) -> SettingsValue {
        if scanner.current == UInt8(ascii: "{") {
            var members: [SettingsMember] = []
            try scanner.walkObject { (key, scanner) throws(JSONSyntaxError) in
                members.append(SettingsMember(key.text(in: scanner.bytes), try value(&scanner)))
            }
            return .map(members)
        }
        if scanner.current == UInt8(ascii: "[") {
            var elements: [SettingsValue] = []
            try scanner.walkArray { (scanner) throws(JSONSyntaxError) in elements.append(try value(&scanner)) }
            return .list(elements)
        }
        let token = try scanner.scanValue()
        let bytes = UnsafeRawBufferPointer(rebasing: scanner.bytes[token.range])
        switch bytes.first {
        case UInt8(ascii: "\""): return .text(token.text(in: scanner.bytes))
        case UInt8(ascii: "n"): return .null
        default: return .plain(String(decoding: bytes, as: UTF8.self))
        }
    }

    /// As JSON in one line: plain words that are no number or truth value of JSON are texts.
    package var json: String {
        switch self {
        case .null: "null"
        case .plain(let word): Self.isJSONWord(word) ? word : Self.quoted(word)
        case .text(let text): Self.quoted(text)
        case .list(let elements): "[\(elements.map(\.json).joined(separator: ","))]"
        case .map(let members):
            "{\(members.map { "\(Self.quoted($0.name)):\($0.value.json)" }.joined(separator: ","))}"
        }
    }

    /// A number, `true` or `false`, as JSON spells them.
    private static func isJSONWord(_ word: String) -> Bool {
        guard let first = word.utf8.first, first != UInt8(ascii: "\""), first != UInt8(ascii: "n") else { return false }
        guard let value = try? SettingsValue(json: word), case .plain = value else { return false }
        return value.plainText?.hasSameBytes(word) ?? false
    }

    private static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    for unit in String(scalar).utf16 {
                        let digits = String(unit, radix: 16)
                        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
                    }
                default: quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
