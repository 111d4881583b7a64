/// Settings written down for people, and as a file that says the same again.
package enum SettingsDocument {
    /// Every setting of a table with its default, for `--help-config`.
    package static func help(_ table: [SettingReading]) -> String {
        var lines = [
            "Every setting, by its key in the file named by CONFIG_FILE. In the environment a key is written in",
            "capitals with _ for . and - (broker.tls.ca_file: BROKER_TLS_CA_FILE), and the environment wins.",
            "Durations: 500ms, 30s, 5m, 2h, or plain seconds. Sizes: 64KB, 1MB, or plain bytes. Maps are JSON in the",
            "environment. A secret may be file:///path: the first line of that file.",
        ]
        for (title, readings) in groups(table) {
            lines += ["", title]
            for reading in readings {
                lines.append(
                    "  \(reading.documentedKey)\(reading.defaultText.isEmpty ? "" : " = \(reading.defaultText)")")
                lines.append("      \(reading.help)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// The configuration as it takes effect, each value with where it comes from and what it hides; secrets are left
    /// out as comments.
    package static func effective(_ readings: [SettingReading]) -> String {
        var lines: [String] = []
        for (title, readings) in groups(readings) {
            lines += lines.isEmpty ? ["# \(title)"] : ["", "# \(title)"]
            lines += readings.filter { !($0.isOptionalInFile && $0.isDefault) }.map(line)
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func line(_ reading: SettingReading) -> String {
        var remark = "\(reading.source)"
        for layer in reading.beneath { remark += ", over \(layer.source): \(yamlQuoted(layer.shown))" }
        // A secret comes from elsewhere; in the file that is made of this it must not be the text that hides it.
        let text = reading.effectiveText ?? reading.text
        if reading.hidesPart, text.utf8.firstRange(of: SettingProblem.hidden.utf8) != nil {
            return "# \(reading.key): \(text.shownInOneLine)  # \(remark)"
        }
        if reading.hidesPart { remark += ", password \(SettingProblem.hidden)" }
        return "\(reading.key): \(yamlQuoted(text))  # \(remark)"
    }

    /// By title, in the order of the first of each.
    private static func groups(_ readings: [SettingReading]) -> [(title: String, readings: [SettingReading])] {
        var groups: [(title: String, readings: [SettingReading])] = []
        for reading in readings {
            if let place = groups.firstIndex(where: { $0.title == reading.group }) {
                groups[place].readings.append(reading)
            } else {
                groups.append((reading.group, [reading]))
            }
        }
        return groups
    }

    /// Values by their keys, as a file of its own.
    package static func file(_ members: [SettingsMember]) -> String {
        members.map { member in
            let text = if case .map = member.value { member.value.json } else { member.value.plainText ?? "" }
            return "\(yamlQuoted(member.name)): \(yamlQuoted(text))\n"
        }.joined()
    }

    /// A double-quoted YAML scalar.
    package static func yamlQuoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            default:
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator:
                    let digits = String(scalar.value, radix: 16)
                    quoted += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
                default: quoted.unicodeScalars.append(scalar)
                }
            }
        }
        return quoted + "\""
    }
}
