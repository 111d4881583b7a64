import Settings

/// What becomes of the configuration when some keys are changed while the gateway runs (management.md, "Configuration at
/// run time"). It reads the files that settings name, and writes nothing.
package struct ConfigurationChange: Sendable {
    /// Why nothing is changed.
    package enum Refusal: Error, Sendable, Equatable {
        /// An environment variable says what it is.
        case fixed(key: String, variable: String)
        /// These keys take effect after a restart only.
        case afterRestart([String])
        /// There is nothing to take back.
        case unknown(key: String)
        /// Every problem of the configuration that would come of it.
        case invalid([SettingProblem])
    }

    /// A key whose value is another one.
    package struct Difference: Sendable {
        package var key: String
        package var effect: SettingEffect
        /// Nil: the key was not there, as those of a new listener.
        package var before: SettingReading?
        package var after: SettingReading?
    }

    /// Values in a change; each is looked up among all keys, and a misspelt one compared with all of them.
    package static let mostValues = 2000

    /// As it is with the change.
    package let loaded: LoadedConfiguration
    /// In the table's order; what was there and is no more comes last.
    package let differences: [Difference]

    /// Whether something of a listener, of the authenticator and so on is another one.
    package func concerns(_ prefix: String) -> Bool { differences.contains { $0.key.hasPrefix(prefix) } }
}
