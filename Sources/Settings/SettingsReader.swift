/// Reads settings, each said once, in one line where it is used: its key, what its value may be, its default, one line of
/// help, and where it goes.
///
/// ```swift
/// extension ListenerConfiguration {
///     init(_ read: inout SettingsReader) {
///         self.init()
///         framesPerRound = read(
///             "tcp_options.active_n", .integer(1...100_000), default: framesPerRound,
///             help: "messages of one connection handled in a row")
/// ```
///
/// The reader notes each value's source and what is wrong with it; what is wrong has its default, so that reading goes
/// on and every problem is found at once. Asked without layers it lists the table: all settings are read, whatever the
/// values of others are, and rules about several settings come after that.
///
/// An authenticator has its section in its own target, with the whole key:
///
/// ```swift
/// extension MySQLConfiguration {
///     init(_ read: inout SettingsReader) {
///         let server = read("authentication.server", .list, default: ["127.0.0.1:3306"], help: "servers, tried in turn")
///         let database = read.required("authentication.database", .text, help: "name of the database")
///         let query = read("authentication.query", .sql, default: Self.defaultQuery, help: "…")
///         read.ignored("authentication.auto_reconnect", because: "connections are always opened again")
/// ```
///
/// Templates and the like are syntaxes of the target's own, made of a closure that throws what was expected:
/// `SettingSyntax(format: \.text) { text throws(SettingFlaw) in … }`.
package struct SettingsReader: Sendable {
    /// In the order in which they count.
    package let layers: [any SettingsLayer]
    /// In the order in which they were read.
    package private(set) var readings: [SettingReading] = []
    package private(set) var problems: [SettingProblem] = []
    package private(set) var warnings: [SettingProblem] = []
    /// Keys that something could have read, with the reason why nothing does.
    private(set) var refused: [String: String] = [:]
    /// Sections of keys that may be there without being read.
    private var overlooked: [String] = []
    private var places: [String: Int] = [:]
    private var prefix = ""
    private var documentedPrefix = ""
    private var group = ""
    private var effect = SettingEffect.afterRestart
    private let readFile: FileReader

    /// - Parameters: path, and the most bytes that may be read. What it throws says why it cannot be read.
    package typealias FileReader = @Sendable (_ path: String, _ limit: Int) throws(SettingFlaw) -> [UInt8]

    /// - Parameters:
    ///   - layers: in the order in which they count: environment, changes, file.
    ///   - readFile: reads the files of secrets.
    package init(_ layers: [any SettingsLayer], readFile: @escaping FileReader) {
        self.layers = layers
        self.readFile = readFile
    }

    /// Every setting that `body` reads, with its default.
    package static func table(_ body: (inout SettingsReader) -> Void) -> [SettingReading] {
        var reader = SettingsReader([]) { _, _ throws(SettingFlaw) in throw SettingFlaw("is not read") }
        body(&reader)
        return reader.readings
    }

    // MARK: Reading

    /// A setting that always has a value.
    package mutating func callAsFunction<Value>(
        _ key: String, _ syntax: SettingSyntax<Value>, default standard: Value, applies: SettingEffect? = nil,
        help: String
    ) -> Value {
        switch look(key, syntax, default: standard, isRequired: true, applies, help) {
        case .value(let value): value
        case .empty, .nothing: standard
        }
    }

    /// A setting that may have none: an empty text says so.
    package mutating func optional<Value>(
        _ key: String, _ syntax: SettingSyntax<Value>, default standard: Value? = nil, applies: SettingEffect? = nil,
        help: String
    ) -> Value? {
        switch look(key, syntax, default: standard, isRequired: false, applies, help) {
        case .value(let value): value
        case .empty: nil
        case .nothing: standard
        }
    }

    /// A setting without a default that must be set; nil only while it is a problem (or in a table).
    package mutating func required<Value>(
        _ key: String, _ syntax: SettingSyntax<Value>, applies: SettingEffect? = nil, help: String
    ) -> Value? {
        let value = optional(key, syntax, applies: applies, help: help)
        if value == nil, self[key]?.flaw == nil { problem(key, "expected a value") }
        return value
    }

    /// A password or key, which nothing shows. `file://…` as its value names a file whose first line it is.
    ///
    /// - Parameter fileKey: another setting that names such a file; only one of both may be set.
    package mutating func secret(
        _ key: String, fileKey: String? = nil, applies: SettingEffect? = nil, help: String
    ) -> Secret? {
        let text = optional(key, .secretText, applies: applies, help: help)
        if let place = places[prefix + key] { readings[place].isSecret = true }
        if let fileKey,
            let path = optional(
                fileKey, .file, applies: applies,
                help: "file whose first line is that, instead of \(documentedPrefix)\(key)")
        {
            if text != nil { problem(fileKey, "expected \(prefix)\(key) or this, not both") }
            return secret(inFile: path, of: fileKey)
        }
        guard let text else { return nil }
        guard text.utf8.starts(with: "file://".utf8) else { return Secret(text) }
        return secret(inFile: String(Substring(text.utf8.dropFirst(7))), of: key)
    }

    private mutating func secret(inFile path: String, of key: String) -> Secret? {
        do throws(SettingFlaw) {
            let bytes = try readFile(path, Secret.mostBytes)
            if let text = Secret.firstLine(of: bytes) { return Secret(text, file: path) }
            problem(key, "expected a file whose first line is the password, in UTF-8")
        } catch {
            problem(key, "expected a file that can be read: \(error.expectation)")
        }
        return nil
    }

    private enum Outcome<Value> {
        case value(Value)
        /// Set to nothing.
        case empty
        /// Not set, or wrong.
        case nothing
    }

    private mutating func look<Value>(
        _ key: String, _ syntax: SettingSyntax<Value>, default standard: Value?, isRequired: Bool,
        _ applies: SettingEffect?, _ help: String
    ) -> Outcome<Value> {
        let full = prefix + key
        let entries = layers.compactMap { $0.entry(for: full) }.filter { !syntax.kind.isSection($0.value) }
        let entry = entries.first
        let defaultText = standard.map(syntax.format) ?? ""
        let text = entry.map { $0.value.plainText ?? $0.value.json } ?? defaultText
        var reading = SettingReading(
            key: full, name: key, documentedKey: documentedPrefix + key, group: group, kind: syntax.kind,
            isSecret: false, effect: applies ?? effect, help: help, defaultText: defaultText,
            text: syntax.publicText(text), hidesPart: !syntax.publicText(text).hasSameBytes(text), hash: text.hashValue,
            source: entry?.source ?? .defaults,
            beneath: entries.dropFirst().map {
                .init(source: $0.source, shown: syntax.publicText($0.value.plainText ?? $0.value.json))
            },
            normalized: syntax.publicText(text))
        let outcome: Outcome<Value>
        if let entry {
            outcome = Self.outcome(entry.value, text, syntax, isRequired, &reading)
            // In the effective file it is one text, as in the environment.
            if case .map = entry.value, syntax.kind == .pairs, reading.flaw == nil { reading.text = reading.normalized }
        } else {
            reading.normalized = defaultText
            outcome = .nothing
        }
        // What several listeners share is read once for each.
        if places[full] == nil {
            places[full] = readings.count
            readings.append(reading)
            if let flaw = reading.flaw { problems.append(reading.problem(flaw.expectation)) }
        }
        return outcome
    }

    private static func outcome<Value>(
        _ value: SettingsValue, _ text: String, _ syntax: SettingSyntax<Value>, _ isRequired: Bool,
        _ reading: inout SettingReading
    ) -> Outcome<Value> {
        if text.isEmpty {
            if let empty = syntax.emptyValue { return .value(empty) }
            if !isRequired { return .empty }
        }
        do throws(SettingFlaw) {
            let value = try syntax.parse(value)
            reading.normalized = syntax.format(value)
            return .value(value)
        } catch {
            reading.flaw = error
            return .nothing
        }
    }

    // MARK: Where it stands

    /// What follows is listed under a title, and a change of it applies so unless its line says otherwise.
    package mutating func section(_ title: String, applies: SettingEffect) {
        group = title
        effect = applies
    }

    /// Reads keys under a prefix, `listeners.ws.default.`, which the documentation writes `listeners.<type>.<name>.`.
    package mutating func inside<Result>(
        _ prefix: String, documentedAs documented: String, _ body: (inout SettingsReader) -> Result
    ) -> Result {
        let outer = (self.prefix, documentedPrefix)
        (self.prefix, documentedPrefix) = (outer.0 + prefix, outer.1 + documented)
        defer { (self.prefix, documentedPrefix) = outer }
        return body(&self)
    }

    /// A setting that has been read.
    package subscript(key: String) -> SettingReading? {
        (places[prefix + key] ?? places[key]).map { readings[$0] }
    }

    package func isSet(_ key: String) -> Bool { self[key]?.isSet ?? false }
    package func isDefault(_ key: String) -> Bool { self[key]?.isDefault ?? true }

    /// The keys under a prefix that some layer but the environment has, in the order of the first that has any.
    package func keys(under prefix: String) -> [SettingsHeldName] {
        for layer in layers {
            let names = layer.names.filter { $0.name.hasPrefix(prefix) }
            if !names.isEmpty { return names }
        }
        return []
    }

    // MARK: What else is wrong

    /// - Parameter key: one that has been read. Said once, however many listeners it concerns.
    package mutating func problem(_ key: String, _ expectation: String) {
        note(self[key]?.problem(expectation) ?? SettingProblem(key: prefix + key, expectation: expectation))
    }

    package mutating func note(_ problem: SettingProblem) {
        if !problems.contains(problem) { problems.append(problem) }
    }

    /// What is accepted and may do something else than meant.
    package mutating func warn(_ key: String, _ words: String) {
        warn(self[key]?.problem(words) ?? SettingProblem(key: prefix + key, expectation: words))
    }

    package mutating func warn(_ warning: SettingProblem) {
        if !warnings.contains(warning) { warnings.append(warning) }
    }

    /// A key that is known elsewhere and does nothing here: a warning where it is set.
    package mutating func ignored(_ key: String, because reason: String) {
        guard !layers.isEmpty else { return }
        let full = prefix + key
        refused[full] = ""
        if let entry = layers.lazy.compactMap({ $0.entry(for: full) }).first {
            warn(SettingProblem(key: full, expectation: "has no effect: \(reason)", source: entry.source))
        }
    }

    /// A section of keys that are known elsewhere and do nothing here, whatever they are called: each is a warning.
    package mutating func ignored(below key: String, because reason: String) {
        guard !layers.isEmpty else { return }
        let full = prefix + key
        overlooked.append(full)
        let found = layers.flatMap(\.names).filter { !$0.isEmpty && isOverlooked($0) }
        for held in found.prefix(100) {
            warn(SettingProblem(key: held.name, expectation: "has no effect: \(reason)", source: held.source))
        }
    }

    /// It is of a section that has been ignored.
    func isOverlooked(_ held: SettingsHeldName) -> Bool {
        overlooked.contains { key in
            let isVariable = held.source == .environment
            let name = isVariable ? SettingName.variable(of: key) : key
            return held.name.hasSameBytes(name) || held.name.utf8.starts(with: (name + (isVariable ? "_" : ".")).utf8)
        }
    }

    /// A key that is read under other circumstances, or was in an earlier version: the reason stands in the message
    /// that nothing reads it.
    package mutating func refuse(_ key: String, because reason: String) {
        if refused[key] == nil { refused[key] = reason }
    }

    /// A key that may be there without being read.
    package mutating func overlook(_ key: String) { refused[key] = "" }

    /// What takes effect where the text itself does not say it.
    package mutating func setEffectiveText(_ key: String, _ text: String) {
        if let place = places[prefix + key] { readings[place].effectiveText = text }
    }

    /// The settings so far that begin so are left out of the effective configuration while they have their default.
    package mutating func leaveOutDefaults(_ start: String) {
        for place in readings.indices where readings[place].key.hasPrefix(prefix + start) {
            readings[place].isOptionalInFile = true
        }
    }
}

extension SettingSyntax where Value == String {
    fileprivate static var secretText: Self {
        Self(format: { _ in SettingProblem.hidden }, shown: { $0.isEmpty ? "" : SettingProblem.hidden }) {
            text throws(SettingFlaw) in
            guard !text.utf8.contains(0) else { throw SettingFlaw("expected a text without NUL") }
            return text
        }
    }
}
