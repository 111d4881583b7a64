/// A value as a file or a change holds it, before a setting's syntax makes something of it.
package indirect enum SettingsValue: Sendable {
    /// Nothing behind the key.
    case null
    /// Not in quotes: in JSON a number or truth value, in YAML any plain word.
    case plain(String)
    case text(String)
    case list([SettingsValue])
    case map([SettingsMember])

    /// The text of a plain value, or of a list of these with commas between them; nil: a map, or a list of other things.
    package var plainText: String? {
        switch self {
        case .null: return ""
        case .plain(let text), .text(let text): return text
        case .list(let elements):
            var texts: [String] = []
            for element in elements {
                switch element {
                case .plain(let text), .text(let text): texts.append(text)
                case .null, .list, .map: return nil
                }
            }
            return texts.joined(separator: ",")
        case .map: return nil
        }
    }
}

/// One entry of a map.
package struct SettingsMember: Sendable, Equatable {
    package var name: String
    package var value: SettingsValue
    /// Where it stands in its file.
    package var line: Int?

    package init(_ name: String, _ value: SettingsValue, line: Int? = nil) {
        self.name = name
        self.value = value
        self.line = line
    }

    /// By their bytes, wherever they stand.
    package static func == (one: Self, other: Self) -> Bool {
        one.name.hasSameBytes(other.name) && one.value == other.value
    }
}

extension SettingsValue: Equatable {
    /// Texts by their bytes, and a plain word as good as the same text.
    package static func == (one: Self, other: Self) -> Bool {
        switch (one, other) {
        case (.null, .null): true
        case (.plain(let one), .plain(let other)), (.text(let one), .text(let other)),
            (.plain(let one), .text(let other)), (.text(let one), .plain(let other)):
            one.hasSameBytes(other)
        case (.list(let one), .list(let other)): one == other
        case (.map(let one), .map(let other)): one == other
        default: false
        }
    }
}
