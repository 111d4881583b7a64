/// Something that holds values of settings: the environment, the changes, a file. It reads nothing itself.
package protocol SettingsLayer: Sendable {
    /// What stands here for a key; nil: nothing, and the layer beneath counts.
    func entry(for key: String) -> SettingsEntry?

    /// Every name that is here, so that one which nothing reads can be found.
    var names: [SettingsHeldName] { get }
}

/// A value with where it stands.
package struct SettingsEntry: Sendable, Equatable {
    package var value: SettingsValue
    package var source: SettingSource

    package init(_ value: SettingsValue, source: SettingSource) {
        self.value = value
        self.source = source
    }
}

/// A name as a layer spells it.
package struct SettingsHeldName: Sendable {
    /// `broker.qos`, or `BROKER_QOS`.
    package var name: String
    package var source: SettingSource
    /// Nothing stands behind it.
    package var isEmpty: Bool
}

/// Variables, named by a key in capitals with `_` for `.`. Maps are JSON texts.
package struct EnvironmentLayer: SettingsLayer {
    private let variables: [String: String]

    package init(_ variables: [String: String]) {
        self.variables = variables
    }

    package func entry(for key: String) -> SettingsEntry? {
        variables[SettingName.variable(of: key)].map { SettingsEntry(.text($0), source: .environment) }
    }

    package var names: [SettingsHeldName] {
        variables.sorted { $0.key < $1.key }.map {
            SettingsHeldName(name: $0.key, source: .environment, isEmpty: $0.value.isEmpty)
        }
    }
}
