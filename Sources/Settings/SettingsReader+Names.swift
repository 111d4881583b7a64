extension SettingsReader {
    /// Finds names that nothing has read: in a file or a change they are problems, in the environment warnings, since
    /// other software's variables may begin like ours.
    ///
    /// - Parameters:
    ///   - strict: below these a variable is a problem too: `authentication.`.
    ///   - others: variables that are no settings.
    ///   - explain: says more of a name than that nothing reads it.
    package mutating func checkNames(
        strict: [String], others: Set<String>, explain: (_ name: String) -> String? = { _ in nil }
    ) {
        let keys = readings.map(\.key)
        let variables = Set(keys.map(SettingName.variable)).union(others)
        let refusedVariables = Dictionary(
            refused.map { (SettingName.variable(of: $0.key), $0.value) }, uniquingKeysWith: { first, _ in first })
        let strictVariables = strict.map(SettingName.variable)
        let sections = Set(
            keys.compactMap { key in
                key.firstIndex(of: ".").map { SettingName.variable(of: String(key[...$0])) }
            })
        var count = 0
        for held in layers.flatMap(\.names) where count < 100 {
            let name = held.name
            let isVariable = held.source == .environment
            guard isVariable ? !variables.contains(name) : !isKnown(held, among: keys) else { continue }
            let reason = isVariable ? refusedVariables[name] : refused[name]
            // Said by `ignored` already.
            if reason?.isEmpty == true || isOverlooked(held) { continue }
            let isStrict = isVariable && strictVariables.contains(where: name.hasPrefix)
            let candidates = isVariable ? variables.sorted() : keys
            let words = reason ?? explain(name) ?? Self.guess(name, candidates)
            // The value of an unknown name is not shown: it may be a mistyped password's.
            let problem = SettingProblem(key: name, expectation: words, source: held.source)
            if !isVariable || isStrict, !(isVariable && held.isEmpty) {
                count += 1
                note(problem)
            } else if isVariable, !isStrict,
                reason != nil || sections.contains(where: name.hasPrefix) || Self.isNearlyKnown(name, variables)
            {
                warn(problem)
            }
        }
    }

    private func isKnown(_ held: SettingsHeldName, among keys: [String]) -> Bool {
        if self[held.name] != nil { return true }
        if held.isEmpty, keys.contains(where: { $0.hasPrefix(held.name + ".") }) { return true }
        return readings.contains {
            ($0.kind == .map || $0.kind == .pairs) && held.name.hasPrefix($0.key + ".")
        }
    }

    private static func guess(_ name: String, _ candidates: [String]) -> String {
        let nearest = NearestName.of(name, among: candidates) ?? NearestName.containing(name, candidates)
        return nearest.map { "unknown name; did you mean \($0)?" } ?? "unknown name"
    }

    /// Settings without a section are found by likeness alone.
    private static func isNearlyKnown(_ name: String, _ known: Set<String>) -> Bool {
        guard name.utf8.count >= 8 else { return false }
        if NearestName.containing(name, known) != nil { return true }
        guard let nearest = NearestName.of(name, among: known) else { return false }
        return NearestName.distance(Array(name.utf8), Array(nearest.utf8)) <= max(2, name.utf8.count / 4)
    }
}
