/// Why a value is none; the text never quotes a secret.
package struct SettingFlaw: Error, Sendable, Equatable {
    /// `expected a whole number of 0 to 2`
    package var expectation: String

    package init(_ expectation: String) {
        self.expectation = expectation
    }
}

/// One thing that is wrong with the configuration, or (as a warning) surprising in it.
package struct SettingProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// `broker.qos`; nil where it is about no single key.
    package var key: String?
    /// As it may be shown: ``hidden`` for a secret, nil where none is shown.
    package var value: String?
    /// What was expected instead, or what is the matter.
    package var expectation: String
    package var source: SettingSource?

    package init(key: String? = nil, value: String? = nil, expectation: String, source: SettingSource? = nil) {
        self.key = key
        self.value = value
        self.expectation = expectation
        self.source = source
    }

    /// Stands for every secret that is shown; sent back as a change it means unchanged.
    package static let hidden = "******"

    /// The name of the variable that sets this key.
    package var environmentName: String? { key.map(SettingName.variable) }

    /// `BROKER_QOS (broker.qos) is "7" (environment): expected a whole number of 0 to 2`
    package var description: String {
        var text = ""
        if let key, let environmentName {
            text += key.hasSameBytes(environmentName) ? key : "\(environmentName) (\(key.shownInOneLine))"
            if let value { text += " is \(value == Self.hidden ? value : "\"\(value.shownInOneLine)\"")" }
        }
        if let source { text += text.isEmpty ? "\(source)" : " (\(source))" }
        return text.isEmpty ? expectation : "\(text): \(expectation)"
    }
}
