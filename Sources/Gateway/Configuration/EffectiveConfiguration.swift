/// The configuration as it takes effect, as a file that says the same again.
struct EffectiveConfiguration {
    let settings: ConfigurationSettings
    let listeners: [ListenerName]
    let gatewayID: String

    var text: String {
        var lines: [String] = []
        for (title, keys) in ConfigurationKey.groups {
            lines += lines.isEmpty ? ["# \(title)"] : ["", "# \(title)"]
            lines += keys.filter { $0.scope == .gateway }.compactMap { line($0, nil) }
            for listener in listeners {
                lines += keys.filter { $0.scope == .listener }.compactMap { line($0, listener) }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Nil for what this version does not have at all.
    private func line(_ key: ConfigurationKey, _ listener: ListenerName?) -> String? {
        if case .unavailable = key.availability { return nil }
        if key.isTLSOption, listener?.transport == .ws, settings[key.fullName(for: listener)]?.isDefault != false {
            return nil
        }
        guard let setting = settings[key.fullName(for: listener)] else { return nil }
        // A secret comes from elsewhere; in the file that is made of this it must not be the text `<hidden>`.
        if setting.shown == .hidden { return "# \(setting.fullName): \(String.hidden)  # \(setting.source)" }
        let hidesPassword = setting.shown != setting.text
        let note = hidesPassword ? ", password \(String.hidden)" : ""
        return "\(setting.fullName): \(Self.quoted(value(of: setting)))  # \(setting.source)\(note)"
    }

    private func value(of setting: ConfigurationSettings.Setting) -> String {
        switch setting.fullName {
        case ConfigurationKey.brokerClientID.name: gatewayID
        case ConfigurationKey.listeners.name: listeners.map(\.description).joined(separator: ",")
        case _ where setting.key.name == ConfigurationKey.listenerMountpoint.name && !setting.isSet:
            settings[ConfigurationKey.mountpoint.name]?.text ?? setting.text
        default: setting.shown
        }
    }

    /// A double-quoted YAML scalar.
    static func quoted(_ text: String) -> String {
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
