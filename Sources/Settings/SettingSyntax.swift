/// What a value may be, and what becomes of it. `SettingSyntax(kind) { text in … }` makes one of a closure that throws
/// what was expected.
package struct SettingSyntax<Value: Sendable>: Sendable {
    package let kind: SettingKind
    /// What an empty text stands for; nil: an empty text is none of this syntax.
    let emptyValue: Value?
    let parse: @Sendable (SettingsValue) throws(SettingFlaw) -> Value
    /// As a file and the documentation write a value; equal values have equal texts.
    let format: @Sendable (Value) -> String
    /// The text of a value as it may be shown.
    let shown: @Sendable (String) -> String

    /// - Parameters:
    ///   - empty: what an empty text stands for, where it is a value and not "not set".
    ///   - format: the text of a default, and the form in which values are compared.
    ///   - shown: hides what is secret in a text, whatever is wrong with it.
    package init(
        _ kind: SettingKind = .text, empty: Value? = nil, format: @escaping @Sendable (Value) -> String,
        shown: @escaping @Sendable (String) -> String = { $0 },
        parse: @escaping @Sendable (_ text: String) throws(SettingFlaw) -> Value
    ) {
        self.init(kind, empty: empty, format: format, shown: shown) { (value: SettingsValue) throws(SettingFlaw) in
            guard let text = value.plainText else {
                if case .list = value { throw SettingFlaw("expected a list of plain values") }
                throw SettingFlaw("expected a plain value")
            }
            return try parse(text)
        }
    }

    /// For a value that may be a map or list.
    package init(
        _ kind: SettingKind, empty: Value? = nil, format: @escaping @Sendable (Value) -> String,
        shown: @escaping @Sendable (String) -> String = { $0 },
        parse: @escaping @Sendable (_ value: SettingsValue) throws(SettingFlaw) -> Value
    ) {
        self.kind = kind
        emptyValue = empty
        self.format = format
        self.shown = shown
        self.parse = parse
    }

    /// The same where not all of a text is for everybody.
    ///
    /// - Parameter hide: makes of it what may be shown, whatever is wrong with it.
    package func hiding(_ hide: @escaping @Sendable (String) -> String) -> Self {
        Self(kind, empty: emptyValue, format: { [format] in hide(format($0)) }, shown: hide, parse: parse)
    }

    /// The text of a value for everybody. A private key that somebody has put in the place of its file's name, as other
    /// servers let one do, is nobody's to see, whatever the key is called.
    func publicText(_ text: String) -> String {
        text.contains("PRIVATE KEY-----") ? SettingProblem.hidden : shown(text)
    }

    /// The value of a text, for a syntax that is made of this one.
    package func value(of text: String) throws(SettingFlaw) -> Value { try parse(.text(text)) }
}

/// The kinds of values, for whoever shows them.
package enum SettingKind: Sendable, Equatable {
    case text
    case file
    case boolean
    case integer(ClosedRange<Int>)
    case duration(ClosedRange<Duration>)
    /// In bytes.
    case byteSize(ClosedRange<Int>)
    case choice([String])
    /// Texts with commas between them.
    case list
    /// JSON in the environment.
    case map
    /// `name=text` with commas between them, or a map in a file.
    case pairs

    /// What is a map where none is a value: the keys in it are judged by themselves.
    func isSection(_ value: SettingsValue) -> Bool {
        if case .map = value { self != .map && self != .pairs } else { false }
    }
}
