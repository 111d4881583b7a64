/// The listeners that a configuration names, by `listeners` or by the keys of the file.
struct ListenerList {
    private(set) var names: [ListenerName] = []
    private(set) var problems: [ConfigurationProblem] = []

    /// So many that each can still be told apart in a log.
    static let most = 64

    init(_ setting: ConfigurationSettings.Setting, file: ConfigurationFile) {
        var setting = setting
        if !setting.isSet {
            let inFile = Self.listeners(in: file)
            if let first = inFile.first {
                setting.text = inFile.map(\.name).joined(separator: ",")
                setting.source = .file(line: first.line)
            }
        }
        read(setting)
    }

    private mutating func read(_ setting: ConfigurationSettings.Setting) {
        let entries = ConfigurationText.list(setting.text)
        if entries.isEmpty { problems.append(setting.problem("expected at least one listener, such as ws:default")) }
        if entries.count > Self.most { problems.append(setting.problem("expected at most \(Self.most) listeners")) }
        var variables: Set<String> = []
        for entry in entries.prefix(Self.most) {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false).map { String($0).trimmed }
            let shown = entry.shownInOneLine
            guard parts.count == 2, let transport = ListenerName.Transport(rawValue: parts[0].lowercased()),
                ListenerName.isValid(parts[1])
            else {
                let rule = "type ws or wss, name of letters, digits, _ and -"
                problems.append(setting.problem("expected type:name (\(rule)), not \"\(shown)\""))
                continue
            }
            let name = ListenerName(transport: transport, name: parts[1])
            // Names that differ only in - and _, or in case, would share their variables.
            guard variables.insert(ConfigurationKey.environmentName(of: name.keyPrefix)).inserted else {
                problems.append(setting.problem("\(shown) is there twice (- counts as _, and case is ignored)"))
                continue
            }
            names.append(name)
        }
    }

    /// `ws:default` for keys below `listeners.ws.default`, in the order of the file.
    private static func listeners(in file: ConfigurationFile) -> [(name: String, line: Int?)] {
        var seen: Set<String> = []
        return file.order.compactMap { key in
            let parts = key.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count >= 3, parts[0] == ConfigurationKey.listeners.name else { return nil }
            let name = "\(parts[1]):\(parts[2])"
            return seen.insert(name).inserted ? (name, file.entries[key]?.line) : nil
        }
    }
}
