/// A file's or the changes' values by dotted keys: nested maps, dotted names and mixes of both say the same.
package struct SettingsTree: SettingsLayer {
    /// Bytes of a key with all that it stands under.
    package static let longestKey = 512

    /// What is said of a key that is there twice.
    package static let onceOnly = "expected once: the key is there twice"

    private var entries: [String: SettingsEntry] = [:]
    /// The members of every map, also of those that dotted names make: a map may be a value.
    private var maps: [String: [SettingsMember]] = [:]
    private var lines: [String: Int] = [:]
    /// The keys of what is no map, in the order of the file.
    package private(set) var order: [String] = []
    /// Keys that are there twice, or too long.
    package private(set) var problems: [SettingProblem] = []
    private let isChange: Bool

    /// - Parameter isChange: made over the management API, else the file.
    package init(_ members: [SettingsMember] = [], isChange: Bool = false) {
        self.isChange = isChange
        for member in members { add(member, under: "") }
    }

    private mutating func add(_ member: SettingsMember, under parent: String) {
        let key = parent.isEmpty ? member.name : "\(parent).\(member.name)"
        guard key.utf8.count <= Self.longestKey else {
            return refuse(key, member.line, "expected a key of at most \(Self.longestKey) bytes")
        }
        register(member, as: key, nameStart: parent.isEmpty ? 0 : parent.utf8.count + 1)
        if case .map(let members) = member.value, !members.isEmpty {
            for inner in members { add(inner, under: key) }
            return
        }
        guard entries[key] == nil else { return refuse(key, member.line, Self.onceOnly) }
        // A section with nothing in it is no map of anything.
        let value: SettingsValue = if case .map = member.value { .null } else { member.value }
        entries[key] = SettingsEntry(value, source: source(member.line))
        order.append(key)
    }

    /// Notes it as a member of every map that its dotted name puts it into.
    private mutating func register(_ member: SettingsMember, as key: String, nameStart: Int) {
        let bytes = Array(key.utf8)
        var starts = [nameStart]
        starts += bytes.indices.filter { $0 >= nameStart && bytes[$0] == UInt8(ascii: ".") }.map { $0 + 1 }
        for start in starts where start > 0 {
            let map = String(decoding: bytes[..<(start - 1)], as: UTF8.self)
            let name = String(decoding: bytes[start...], as: UTF8.self)
            maps[map, default: []].append(SettingsMember(name, member.value, line: member.line))
            if lines[map] == nil { lines[map] = member.line }
        }
    }

    private func source(_ line: Int?) -> SettingSource { isChange ? .change : .file(line: line) }

    private mutating func refuse(_ key: String, _ line: Int?, _ expectation: String) {
        guard problems.count < 100 else { return }
        problems.append(SettingProblem(key: key, expectation: expectation, source: source(line)))
    }

    package func entry(for key: String) -> SettingsEntry? {
        entries[key] ?? maps[key].map { SettingsEntry(.map($0), source: source(lines[key])) }
    }

    package var names: [SettingsHeldName] {
        order.compactMap { key in
            entries[key].map { SettingsHeldName(name: key, source: $0.source, isEmpty: $0.value == .null) }
        }
    }

    /// Everything by its full key, for another tree with some of it changed.
    package var members: [SettingsMember] {
        order.compactMap { key in entries[key].map { SettingsMember(key, $0.value) } }
    }
}
