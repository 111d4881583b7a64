/// What `--help-config` shows: every setting of the table.
package enum ConfigurationHelp {
    package static var text: String {
        var lines = [
            "Every setting, by its key in the file named by CONFIG_FILE. In the environment a key is written in",
            "capitals with _ for . and - (broker.tls.ca_file: BROKER_TLS_CA_FILE), and the environment wins.",
            "Durations: 500ms, 30s, 5m, 2h, or plain seconds. Sizes: 64KB, 1MB, or plain bytes.",
        ]
        for (title, keys) in ConfigurationKey.groups {
            lines += ["", title]
            for key in keys {
                let name = key.scope == .listener ? "listeners.<type>.<name>.\(key.name)" : key.name
                lines.append("  \(name)\(key.defaultText.isEmpty ? "" : " = \(key.defaultText)")")
                lines.append("      \(key.summary)\(note(key))")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func note(_ key: ConfigurationKey) -> String {
        switch key.availability {
        case .available: ""
        case .only(let values): " (only \(values.joined(separator: " and ")) in this version)"
        case .unavailable: " (not available in this version)"
        case .withoutEffect: " (no effect in this version)"
        }
    }
}
