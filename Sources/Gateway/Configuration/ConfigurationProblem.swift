/// Where a value came from.
package enum ConfigurationSource: Sendable, Equatable, CustomStringConvertible {
    case defaults
    case environment
    case file(line: Int?)

    package var description: String {
        switch self {
        case .defaults: "default"
        case .environment: "environment"
        case .file(let line?): "file, line \(line)"
        case .file(nil): "file"
        }
    }
}

/// One thing that is wrong with the configuration, or (as a warning) surprising in it.
package struct ConfigurationProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// `broker.qos`; nil where it is about no single key.
    package var key: String?
    /// As it may be shown: `<hidden>` for a secret, nil where none is shown.
    package var value: String?
    /// What was expected instead, or what is the matter.
    package var expectation: String
    package var source: ConfigurationSource?

    package init(
        key: String? = nil, value: String? = nil, expectation: String, source: ConfigurationSource? = nil
    ) {
        self.key = key
        self.value = value
        self.expectation = expectation
        self.source = source
    }

    /// The name of the variable that sets this key.
    package var environmentName: String? { key.map(ConfigurationKey.environmentName) }

    /// `BROKER_QOS (broker.qos) is "7" (environment): expected a whole number of 0 to 2`
    package var description: String {
        var text = ""
        if let key, let environmentName {
            text += key == environmentName ? key : "\(environmentName) (\(key.shownInOneLine))"
            if let value { text += " is \(value == .hidden ? value : "\"\(value.shownInOneLine)\"")" }
        }
        if let source { text += text.isEmpty ? "\(source)" : " (\(source))" }
        return text.isEmpty ? expectation : "\(text): \(expectation)"
    }
}

/// The configuration cannot be used; every problem, not just the first.
package struct InvalidConfiguration: Error, Sendable, CustomStringConvertible {
    package var problems: [ConfigurationProblem]
    package var warnings: [ConfigurationProblem]
    /// How the problems are to be written: `log.format`, if that is one.
    package var logFormat: LogFormat

    package var description: String { problems.map(\.description).joined(separator: "\n") }
}

extension [String] {
    /// With commas; of many the first ones, and how many more there are.
    var shortList: String {
        let shown = prefix(20).joined(separator: ", ")
        return count > 20 ? "\(shown) and \(count - 20) more" : shown
    }
}

extension String {
    static let hidden = "<hidden>"

    /// Control characters escaped and cut to a readable length: a value from outside may hold anything.
    var shownInOneLine: String {
        var text = ""
        for scalar in unicodeScalars.prefix(200) {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator:
                text += "\\u{\(String(scalar.value, radix: 16))}"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return unicodeScalars.count > 200 ? text + "…" : text
    }
}
