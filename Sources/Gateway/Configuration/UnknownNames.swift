/// Finds names that nothing reads: in the file they are problems, in the environment warnings.
struct UnknownNames {
    let settings: ConfigurationSettings
    let listeners: [ListenerName]

    /// Keys of the file; so many that the rest says nothing new.
    var inFile: [ConfigurationProblem] {
        var problems: [ConfigurationProblem] = []
        for key in settings.file.order where problems.count < 100 {
            if let problem = problem(key) { problems.append(problem) }
        }
        return problems
    }

    private func problem(_ key: String) -> ConfigurationProblem? {
        guard settings[key] == nil, let entry = settings.file.entries[key] else { return nil }
        let source = ConfigurationSource.file(line: entry.line)
        if entry.value == nil, isSection(key) { return nil }
        // The value of an unknown key is not shown: it may be a mistyped password's.
        if isAuthentication(key) { return unavailable(key, source) }
        return ConfigurationProblem(
            key: key, expectation: expectation(key, candidates: settings.names), source: source)
    }

    /// Variables that begin like one of ours.
    func inEnvironment(_ environment: [String: String]) -> (
        problems: [ConfigurationProblem], warnings: [ConfigurationProblem]
    ) {
        let known = Set(settings.names.map(ConfigurationKey.environmentName)).union(["CONFIG_FILE"])
        var problems: [ConfigurationProblem] = []
        var warnings: [ConfigurationProblem] = []
        for (name, value) in environment.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            if name.hasPrefix("AUTHENTICATION_") {
                if !value.isEmpty { problems.append(unavailable(name, .environment)) }
            } else if Self.sections.contains(where: name.hasPrefix) || isNearlyKnown(name, known) {
                let expectation = expectation(name, candidates: known.sorted())
                warnings.append(ConfigurationProblem(key: name, expectation: expectation, source: .environment))
            }
        }
        return (problems, warnings)
    }

    /// `BROKER_` and so on.
    private static let sections: Set<String> = Set(
        ConfigurationKey.all.filter { $0.scope == .gateway }.compactMap { key in
            guard let end = key.name.firstIndex(of: ".") else { return nil }
            return ConfigurationKey.environmentName(of: String(key.name[...end]))
        }
    ).union(["LISTENERS_"])

    /// Settings without a section are found by likeness alone.
    private func isNearlyKnown(_ name: String, _ known: Set<String>) -> Bool {
        guard name.utf8.count >= 8 else { return false }
        if Self.containing(name, known) != nil { return true }
        guard let nearest = NearestName.of(name, among: known) else { return false }
        return NearestName.distance(Array(name.utf8), Array(nearest.utf8)) <= max(2, name.utf8.count / 4)
    }

    /// A name that is ours but for its beginning or end, such as `MESSAGE_FORMAT_CHECK` or `HEARTBEAT_INTERVAL`; the
    /// shortest of these.
    private static func containing(_ name: String, _ candidates: some Sequence<String>) -> String? {
        guard name.utf8.count >= 8 else { return nil }
        let near = candidates.filter { candidate in
            candidate.hasPrefix(name) || candidate.hasSuffix("_" + name) || candidate.hasSuffix("." + name)
                || (candidate.utf8.count >= 8 && name.hasPrefix(candidate))
        }
        return near.min { ($0.utf8.count, $0) < ($1.utf8.count, $1) }
    }

    private func isSection(_ key: String) -> Bool {
        settings.names.contains { $0.hasPrefix(key + ".") } || key == "authentication"
            || listeners.contains { "listeners.\($0.transport.rawValue).\($0.name)" == key }
            || ConfigurationKey.listenerKeys.contains { listenerKey in
                listeners.contains { (listenerKey.fullName(for: $0)).hasPrefix(key + ".") }
            }
    }

    private func isAuthentication(_ key: String) -> Bool { key.hasPrefix(ConfigurationKey.authenticationPrefix) }

    private func unavailable(_ key: String, _ source: ConfigurationSource) -> ConfigurationProblem {
        ConfigurationProblem(key: key, expectation: "not available in this version", source: source)
    }

    /// Keys of earlier versions, and what stands in their place.
    private static let replaced = [
        "broker.sessions_user": "authentication.username_is_identity, which is true by default"
    ]

    private func expectation(_ name: String, candidates: [String]) -> String {
        for (key, replacement) in Self.replaced where [key, ConfigurationKey.environmentName(of: key)].contains(name) {
            return "replaced by \(replacement)"
        }
        if let listener = otherListener(name) {
            return "there is no listener \(listener) in listeners"
        }
        let nearest = NearestName.of(name, among: candidates) ?? Self.containing(name, candidates)
        return nearest.map { "unknown name; did you mean \($0)?" } ?? "unknown name"
    }

    /// The listener that is meant by a key or variable of one that is not in `listeners`.
    private func otherListener(_ name: String) -> String? {
        let isVariable = name.hasPrefix("LISTENERS_")
        for transport in ListenerName.Transport.allCases {
            let start = "listeners.\(transport.rawValue)."
            let prefix = isVariable ? ConfigurationKey.environmentName(of: start) : start
            guard name.hasPrefix(prefix) else { continue }
            for key in ConfigurationKey.listenerKeys {
                let end = isVariable ? ConfigurationKey.environmentName(of: "." + key.name) : "." + key.name
                guard name.hasSuffix(end), name.utf8.count > prefix.utf8.count + end.utf8.count else { continue }
                let middle = String(name.dropFirst(prefix.count).dropLast(end.count))
                let isListed = listeners.contains { listener in
                    listener.transport == transport
                        && (isVariable ? ConfigurationKey.environmentName(of: listener.name) : listener.name) == middle
                }
                if ListenerName.isValid(middle), !isListed { return "\(transport.rawValue):\(middle)" }
            }
        }
        return nil
    }
}
