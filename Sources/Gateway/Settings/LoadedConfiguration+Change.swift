import OutsideNames
import Settings

extension LoadedConfiguration {
    /// - Parameter proposal: keys with dots, or nested; null takes a change back. A secret that is
    ///   ``SettingProblem/hidden`` stays. A listener that is not there yet is added, one that is null is taken away.
    /// - Throws: why nothing is changed.
    package func changed(by proposal: [SettingsMember]) throws(ConfigurationChange.Refusal) -> ConfigurationChange {
        guard SettingsValue.map(proposal).hasAtMost(ConfigurationChange.mostValues) else {
            let expectation = "expected at most \(ConfigurationChange.mostValues) values in one change"
            throw .invalid([SettingProblem(expectation: expectation)])
        }
        var draft = ChangeDraft(self)
        for member in proposal { try draft.take(member.value, for: member.name) }
        var layers = layers
        layers.changes = SettingsTree(try draft.finished(), isChange: true)
        guard layers.changes.problems.isEmpty else { throw .invalid(layers.changes.problems) }
        var (loaded, problems) = LoadedConfiguration.read(layers)
        let differences = differences(from: loaded)
        if !problems.isEmpty {
            let old = loaded.takeOver(problems, of: self, leavingAlone: differences)
            problems.removeAll(where: old.contains)
            loaded.warnings += old
        }
        guard problems.isEmpty else { throw .invalid(problems) }
        let late = differences.filter { $0.effect == .afterRestart }.map(\.key)
        guard late.isEmpty else { throw .afterRestart(late) }
        return ConfigurationChange(loaded: loaded, differences: differences)
    }

    private func differences(from other: LoadedConfiguration) -> [ConfigurationChange.Difference] {
        let old = Dictionary(readings.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        let remaining = Set(other.readings.map(\.key))
        return other.readings.compactMap { reading in
            let before = old[reading.key]
            if let before, before.hasSameValue(as: reading) { return nil }
            return .init(key: reading.key, effect: reading.effect, before: before, after: reading)
        }
            + readings.filter { !remaining.contains($0.key) }.map {
                .init(key: $0.key, effect: $0.effect, before: $0, after: nil)
            }
    }

    /// With the number of sockets that listeners have which name none.
    func showing(acceptors count: Int) -> LoadedConfiguration {
        let key = ListenerName.documentedPrefix + "acceptors"
        var shown = self
        for place in readings.indices where readings[place].documentedKey == key && readings[place].text.isEmpty {
            shown.readings[place].effectiveText = String(count)
        }
        return shown
    }

    /// The keys that a change holds, each with its value and what the file says instead: for the log at start.
    package var changesInEffect: [String] {
        readings.filter { $0.source == .change }.map { reading in
            let beneath = reading.beneath.first.map { "\($0.source) says \"\($0.shown.shownInOneLine)\"" }
            return "\(reading.key) is \"\(reading.shown.shownInOneLine)\" by a change, "
                + (beneath ?? "default \"\(reading.defaultText)\"")
        }
    }

    /// Keeps the changes of this configuration in `data_dir`.
    ///
    /// - Throws: why they last until the next start only; what was kept before is kept still.
    package func keepChanges() throws(SettingFlaw) {
        do throws(ChangesFile.Failure) {
            try ChangesFile(directory: configuration.dataDirectory).save(layers.changes)
        } catch {
            throw SettingFlaw(error.description)
        }
    }
}

extension SettingsValue {
    /// Counts values, those in maps and lists too, and no further than it must.
    fileprivate func hasAtMost(_ limit: Int) -> Bool {
        var rest = limit
        count(downFrom: &rest)
        return rest >= 0
    }

    private func count(downFrom rest: inout Int) {
        guard rest >= 0 else { return }
        switch self {
        case .map(let members): for member in members { member.value.count(downFrom: &rest) }
        case .list(let elements): for element in elements { element.count(downFrom: &rest) }
        default: rest -= 1
        }
    }
}
