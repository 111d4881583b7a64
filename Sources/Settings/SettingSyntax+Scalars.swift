extension SettingSyntax where Value == Int {
    package static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(.integer(range), format: \.description) { text throws(SettingFlaw) in
            guard let number = SettingText.integer(text.trimmed), range.contains(number) else {
                throw SettingFlaw("expected a whole number of \(range.lowerBound) to \(range.upperBound)")
            }
            return number
        }
    }

    /// In bytes.
    package static func byteSize(_ range: ClosedRange<Int>) -> Self {
        Self(.byteSize(range), format: SettingText.format(size:)) { text throws(SettingFlaw) in
            guard let size = SettingText.size(text.trimmed), range.contains(size) else {
                let bounds = [range.lowerBound, range.upperBound].map(SettingText.format(size:))
                throw SettingFlaw("expected a size of \(bounds[0]) to \(bounds[1]), such as 64KB or 1MB")
            }
            return size
        }
    }
}

extension SettingSyntax where Value == Duration {
    package static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(.duration(range), format: SettingText.format(_:)) { text throws(SettingFlaw) in
            guard let duration = SettingText.duration(text.trimmed), range.contains(duration) else {
                let bounds = [range.lowerBound, range.upperBound].map(SettingText.format)
                throw SettingFlaw("expected a duration of \(bounds[0]) to \(bounds[1]), such as 500ms, 30s, 5m or 2h")
            }
            return duration
        }
    }
}

extension SettingSyntax where Value == Bool {
    package static var boolean: Self {
        Self(.boolean, format: \.description) { text throws(SettingFlaw) in
            guard let value = SettingText.boolean(text.trimmed) else { throw SettingFlaw("expected true or false") }
            return value
        }
    }
}

extension SettingSyntax where Value == String {
    /// Any text but NUL.
    package static var text: Self { text(.text) }

    /// The path of a file.
    package static var file: Self { text(.file) }

    private static func text(_ kind: SettingKind) -> Self {
        Self(kind, format: { $0 }) { text throws(SettingFlaw) in
            guard !text.isEmpty else { throw SettingFlaw("expected a value") }
            guard !text.utf8.contains(0) else { throw SettingFlaw("expected a text without NUL") }
            return text
        }
    }
}

extension SettingSyntax {
    /// One of these names, in any case; several may mean the same. The first name of a value is what it is written as.
    package static func choice(_ choices: KeyValuePairs<String, Value>) -> Self where Value: Equatable {
        choice(choices.map { ($0.key, $0.value) })
    }

    /// One of an enum's raw values.
    package static func choice(_ type: Value.Type = Value.self) -> Self
    where Value: CaseIterable & RawRepresentable & Equatable, Value.RawValue == String {
        choice(Value.allCases.map { ($0.rawValue, $0) })
    }

    private static func choice(_ choices: [(name: String, value: Value)]) -> Self where Value: Equatable {
        let names = choices.map(\.name)
        return Self(.choice(names), format: { value in choices.first { $0.value == value }?.name ?? "" }) {
            text throws(SettingFlaw) in
            let name = text.trimmed.lowercased()
            guard let choice = choices.first(where: { $0.name.hasSameBytes(name) }) else {
                throw SettingFlaw("expected \(names.joined(separator: ", "))")
            }
            return choice.value
        }
    }
}
