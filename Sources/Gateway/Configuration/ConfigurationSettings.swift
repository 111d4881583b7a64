import Configuration

/// The texts of all known settings, each with where it came from, read through a `ConfigReader`: the environment
/// first, then the file, then the default.
struct ConfigurationSettings {
    struct Setting {
        var key: ConfigurationKey
        var fullName: String
        var text: String
        var source: ConfigurationSource
    }

    let file: ConfigurationFile
    private let environment: EnvironmentVariablesProvider
    private let reader: ConfigReader
    private var settings: [String: Setting] = [:]
    /// In the order of the table.
    private(set) var names: [String] = []

    init(environment variables: [String: String], file: ConfigurationFile) {
        self.file = file
        environment = EnvironmentVariablesProvider(environmentVariables: variables)
        let values = file.values.map { name, entry in
            (AbsoluteConfigKey(Self.components(name)), ConfigValue(.string(entry.value ?? ""), isSecret: true))
        }
        // Its encoder splits words at capitals; a listener `wsMain` is `WSMAIN` in our names.
        let lowercased = environment.mapKeys { key in AbsoluteConfigKey(key.components.map { $0.lowercased() }) }
        let inFile = InMemoryProvider(name: "CONFIG_FILE", values: Dictionary(values) { first, _ in first })
        reader = ConfigReader(providers: [lowercased, inFile])
    }

    subscript(name: String) -> Setting? { settings[name] }

    /// Reads one setting; for a listener's, that of `listener`.
    @discardableResult
    mutating func read(_ key: ConfigurationKey, for listener: ListenerName? = nil) -> Setting {
        let name = key.fullName(for: listener)
        if let known = settings[name] { return known }
        // Secret or not, all are read as secrets: a broker's URL may hold a password, and the library can be told
        // to log what is read.
        let text = reader.string(forKey: ConfigKey(Self.components(name)), isSecret: true)
        let setting = Setting(key: key, fullName: name, text: text ?? key.defaultText, source: source(of: name))
        settings[name] = setting
        names.append(name)
        return setting
    }

    private func source(of name: String) -> ConfigurationSource {
        let variable = ConfigurationKey.environmentName(of: name)
        if (try? environment.environmentValue(forName: variable)) != nil { return .environment }
        return file.values[name].map { .file(line: $0.line) } ?? .defaults
    }

    private static func components(_ name: String) -> [String] {
        name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    }
}

extension ConfigurationSettings.Setting {
    var isSet: Bool { source != .defaults }

    /// The value as it may be shown.
    var shown: String {
        if text.isEmpty { return text }
        if key.isSecret { return .hidden }
        if case .brokerURL = key.kind {
            return (try? BrokerURL(text).withoutPassword) ?? BrokerURL.shown(text)
        }
        return text
    }

    func problem(_ expectation: String) -> ConfigurationProblem {
        ConfigurationProblem(key: fullName, value: shown, expectation: expectation, source: source)
    }
}
