/// A setting as it was read: what the table says about it, and what its value is and where that comes from.
package struct SettingReading: Sendable {
    /// The full key: `broker.qos`, `listeners.ws.default.bind`.
    package var key: String
    /// As the documentation lists it: `bind`.
    package var name: String
    /// As a person looks it up: `listeners.<type>.<name>.bind`.
    package var documentedKey: String
    package var group: String
    package var kind: SettingKind
    package var isSecret: Bool
    package var effect: SettingEffect
    /// One line.
    package var help: String
    /// Empty: not set.
    package var defaultText: String

    /// The value as it was written, but for what is secret of it.
    package var text: String
    /// A part of the value is hidden.
    package var hidesPart: Bool
    /// Of the whole value, to tell secrets apart.
    var hash: Int
    package var source: SettingSource
    /// What lies beneath it and would count without it, the nearest first; the default is not among them.
    package var beneath: [Layered] = []
    /// As it may be shown: ``SettingProblem/hidden`` for a secret.
    package var shown: String { text }
    /// The text in the form in which values are compared.
    package var normalized: String
    /// What is wrong with it; its default stands in.
    package var flaw: SettingFlaw?
    /// What takes effect where the text does not say it, such as a client id that is made of the host's name.
    package var effectiveText: String?
    /// Left out of the effective configuration while it has its default.
    package var isOptionalInFile = false

    /// A value that another one hides.
    package struct Layered: Sendable, Equatable {
        package var source: SettingSource
        /// As it may be shown.
        package var shown: String
    }

    package var isSet: Bool { source != .defaults }
    package var isDefault: Bool { flaw != nil || normalized.hasSameBytes(defaultText) }

    package func hasSameValue(as other: SettingReading) -> Bool {
        normalized.hasSameBytes(other.normalized) && (hidesPart || isSecret ? hash == other.hash : true)
    }

    /// A text that says what is the value already.
    package func isShown(as text: String) -> Bool {
        if kind == .list,
            SettingText.list(text).map({ Array($0.utf8) }) == SettingText.list(normalized).map({ Array($0.utf8) })
        {
            return true
        }
        return [self.text, normalized, effectiveText ?? self.text].contains { $0.hasSameBytes(text) }
    }

    package func problem(_ expectation: String) -> SettingProblem {
        SettingProblem(key: key, value: shown, expectation: expectation, source: source)
    }
}
