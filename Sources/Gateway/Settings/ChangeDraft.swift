import BoundedFiles
import OutsideNames
import Settings

/// The changes as they will be, while a proposal is taken in.
struct ChangeDraft {
    private let loaded: LoadedConfiguration
    private let readings: [String: SettingReading]
    private var members: [SettingsMember]
    /// `ws:default`.
    private var listeners: [String]

    init(_ loaded: LoadedConfiguration) {
        self.loaded = loaded
        readings = Dictionary(loaded.readings.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
        members = loaded.layers.changes.members
        listeners = Self.listeners(loaded)
    }

    private static func listeners(_ loaded: LoadedConfiguration) -> [String] {
        loaded.readings.first { $0.key == "listeners" }.map { SettingText.list($0.effectiveText ?? $0.text) } ?? []
    }

    /// - Parameters:
    ///   - value: null takes the change of the key, or of all keys below it, back.
    ///   - key: with dots.
    mutating func take(_ value: SettingsValue, for key: String) throws(ConfigurationChange.Refusal) {
        let reading = reading(of: key)
        let isValue = reading.map { $0.kind == .map || $0.kind == .pairs } ?? false
        if case .map(let inner) = value, !isValue {
            guard !inner.isEmpty || isSection(key) else {
                let expectation = reading == nil ? "expected a key that there is" : "expected a value, not an object"
                throw .invalid([SettingProblem(key: key, expectation: expectation, source: .change)])
            }
            for member in inner { try take(member.value, for: "\(key).\(member.name)") }
            return
        }
        guard value != .null else { return try takeBack(key) }
        let sent = Self.text(of: value, reading?.kind)
        let value = isValue ? withUnchanged(value, of: key) : value
        let text = Self.text(of: value, reading?.kind)
        if let reading, let current = readings[key] {
            if reading.isSecret, text.hasSameBytes(as: SettingProblem.hidden) { return }
            // What is sent back as it was shown is no change.
            if current.source != .change || current.hidesPart, current.isShown(as: sent) { return }
            guard !current.hidesPart || reading.isSecret || isValue || !text.hasHidden else {
                throw .invalid([
                    SettingProblem(
                        key: key, value: current.shown, expectation: "expected all of it, what is hidden too",
                        source: .change)
                ])
            }
            if current.source == .environment {
                throw .fixed(key: key, variable: SettingName.variable(of: key))
            }
        }
        if let map = wholeMap(above: key) {
            let expectation = "expected all of \(map): a change has set it as one value"
            throw .invalid([SettingProblem(key: key, expectation: expectation, source: .change)])
        }
        if key == "listeners" { listeners = SettingText.list(text) }
        addListener(of: key)
        set(key, isValue ? .text(text) : value, isMap: isValue)
    }

    /// Keys lie below it.
    private func isSection(_ key: String) -> Bool {
        let parts = key.split(separator: ".")
        if parts.count <= 2, parts.first == "listeners" { return true }
        return readings.keys.contains { $0.hasPrefix(key + ".") }
    }

    /// A member of a map that is sent back hidden stays as it is.
    private func withUnchanged(_ value: SettingsValue, of key: String) -> SettingsValue {
        guard case .map(let members) = value, case .map(let current)? = currentValue(of: key) else { return value }
        return .map(
            members.map { member in
                guard member.value.plainText?.hasSameBytes(as: SettingProblem.hidden) ?? false else { return member }
                return current.first { $0.name.hasSameBytes(as: member.name) } ?? member
            })
    }

    /// As it was given, with what is hidden where it is shown.
    private func currentValue(of key: String) -> SettingsValue? {
        guard let value = loaded.layers.inOrder.lazy.compactMap({ $0.entry(for: key)?.value }).first else { return nil }
        guard case .map = value else { return value.plainText.flatMap { try? SettingsValue(json: $0) } }
        return value
    }

    /// One text for a key: in a file the members of a map would be keys of their own.
    private static func text(of value: SettingsValue, _ kind: SettingKind?) -> String {
        if case .map(let members) = value, members.isEmpty { return "" }
        if case .map(let members) = value, kind == .pairs {
            return members.map { "\($0.name)=\($0.value.plainText ?? "")" }.joined(separator: ",")
        }
        return value.plainText ?? value.json
    }

    /// A map of which a change holds the text: a member beside it would count for nothing.
    private func wholeMap(above key: String) -> String? {
        members.map(\.name).first { name in
            guard let kind = readings[name]?.kind, kind == .map || kind == .pairs else { return false }
            return key.utf8.starts(with: (name + ".").utf8)
        }
    }

    private mutating func takeBack(_ key: String) throws(ConfigurationChange.Refusal) {
        let before = members.count
        members.removeAll { Self.isIn(key, $0.name) }
        let parts = key.split(separator: ".", maxSplits: 3)
        let isOfListener = parts.count >= 3 && parts[0] == "listeners"
        if isOfListener, parts.count == 3 {
            listeners.removeAll { $0.hasSameBytes(as: "\(parts[1]):\(parts[2])") }
        } else if members.count < before {
            if isOfListener { takeBackListener(String(parts[1]), String(parts[2])) }
        } else {
            // Taken back with the map or section that it is in.
            if loaded.layers.changes.members.contains(where: { Self.isIn(key, $0.name) }) { return }
            guard let reading = readings[key] else {
                // A section of which nothing was changed.
                if readings.keys.contains(where: { $0.hasPrefix(key + ".") }) { return }
                throw .unknown(key: key)
            }
            if reading.source == .environment {
                throw .fixed(key: key, variable: SettingName.variable(of: key))
            }
        }
    }

    /// It is that key, or lies below it.
    private static func isIn(_ key: String, _ name: String) -> Bool {
        name.hasSameBytes(as: key) || name.utf8.starts(with: (key + ".").utf8)
    }

    /// A listener that is there by changes alone goes with the last of its keys: with none it would be open at its
    /// defaults, for all addresses.
    private mutating func takeBackListener(_ transport: String, _ name: String) {
        guard !members.contains(where: { Self.isIn("listeners.\(transport).\(name)", $0.name) }) else { return }
        var read = SettingsReader(loaded.layers.withoutChanges, readFile: BoundedFile.reader)
        let id = "\(transport):\(name)"
        guard !ListenerListSection(&read).names.contains(where: { $0.description.hasSameBytes(as: id) }) else { return }
        listeners.removeAll { $0.hasSameBytes(as: id) }
    }

    private mutating func addListener(of key: String) {
        let parts = key.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "listeners" else { return }
        let name = "\(parts[1]):\(parts[2])"
        if !listeners.contains(where: { $0.hasSameBytes(as: name) }) { listeners.append(name) }
    }

    /// - Parameter isMap: its members have been keys of their own until now.
    private mutating func set(_ key: String, _ value: SettingsValue, isMap: Bool = false) {
        members.removeAll {
            $0.name.hasSameBytes(as: key) || isMap && $0.name.utf8.starts(with: (key + ".").utf8)
        }
        members.append(SettingsMember(key, value))
    }

    /// For a listener that is not there yet, that of any other.
    private func reading(of key: String) -> SettingReading? {
        if let reading = readings[key] { return reading }
        let parts = key.split(separator: ".", maxSplits: 3)
        guard parts.count == 4, parts[0] == "listeners" else { return nil }
        return LoadedConfiguration.table.first { $0.documentedKey == ListenerName.documentedPrefix + parts[3] }
    }

    /// The changes, by their keys.
    mutating func finished() throws(ConfigurationChange.Refusal) -> [SettingsMember] {
        if listeners != Self.listeners(loaded) {
            if readings["listeners"]?.source == .environment {
                throw .fixed(key: "listeners", variable: SettingName.variable(of: "listeners"))
            }
            set("listeners", .text(listeners.joined(separator: ",")))
        }
        return members
    }
}

extension String {
    /// Something in it stands for what is not shown.
    fileprivate var hasHidden: Bool { utf8.firstRange(of: SettingProblem.hidden.utf8) != nil }
}
