import Settings

/// `listeners`: which there are, by the list or by the keys of the file.
struct ListenerListSection {
    private(set) var names: [ListenerName] = []
    /// Of the first listener, where they are named by the file's keys.
    private var source: SettingSource?

    private static let key = "listeners"

    /// So many that each can still be told apart in a log.
    static let most = 64

    init(_ read: inout SettingsReader) {
        read.section("Listeners", applies: .atOnce)
        var entries = read(Self.key, .list, default: ["ws:default"], help: "comma-separated type:name list")
        if !read.isSet(Self.key) {
            let inFile = Self.listeners(in: read)
            if let first = inFile.first {
                entries = inFile.map(\.name)
                source = first.source
            }
        }
        take(entries, &read)
        read.setEffectiveText(Self.key, names.map(\.description).joined(separator: ","))
    }

    private mutating func take(_ entries: [String], _ read: inout SettingsReader) {
        if entries.isEmpty { problem("expected at least one listener, such as ws:default", entries, &read) }
        if entries.count > Self.most { problem("expected at most \(Self.most) listeners", entries, &read) }
        var variables: Set<String> = []
        for entry in entries.prefix(Self.most) {
            let parts = entry.split(separator: ":", omittingEmptySubsequences: false).map { String($0).trimmed }
            let shown = entry.shownInOneLine
            guard parts.count == 2, let transport = ListenerName.Transport(rawValue: parts[0].lowercased()),
                ListenerName.isValid(parts[1])
            else {
                let rule = "type ws or wss, name of letters, digits, _ and -"
                problem("expected type:name (\(rule)), not \"\(shown)\"", entries, &read)
                continue
            }
            let name = ListenerName(transport: transport, name: parts[1])
            // Names that differ only in - and _, or in case, would share their variables.
            guard variables.insert(SettingName.variable(of: name.keyPrefix)).inserted else {
                problem(
                    "expected each listener once: \(shown) is there twice (- counts as _, and case is ignored)",
                    entries, &read)
                continue
            }
            names.append(name)
        }
    }

    private func problem(_ expectation: String, _ entries: [String], _ read: inout SettingsReader) {
        guard let source else { return read.problem(Self.key, expectation) }
        read.note(
            SettingProblem(
                key: Self.key, value: entries.joined(separator: ","), expectation: expectation, source: source))
    }

    /// `ws:default` for keys below `listeners.ws.default`, in the order of the file.
    private static func listeners(in read: SettingsReader) -> [(name: String, source: SettingSource)] {
        var seen: Set<String> = []
        return read.keys(under: key + ".").compactMap { held in
            let parts = held.name.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count >= 3 else { return nil }
            let name = "\(parts[1]):\(parts[2])"
            return seen.insert(name).inserted ? (name, held.source) : nil
        }
    }
}
