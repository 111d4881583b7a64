/// Every key of the configuration: its value, where that comes from, and changes (`/api/v5/configs`).
package protocol SettingOperations: Sendable {
    /// All keys, in the table's order. Secrets as ``HiddenSecrets/mark``.
    func settings() async -> [SettingSummary]

    /// `{"log.level":"debug"}`: keys with dots and new values; `null` takes a change back. All or nothing.
    func changeSettings(_ change: [JSON.Member]) async throws(OperationFailure)

    /// - Throws: `notFound`: no such key; `fixedByEnvironment`.
    func takeBackSetting(_ key: String) async throws(OperationFailure)
}

package struct SettingSummary: Sendable, Equatable {
    package enum Source: String, Sendable, CaseIterable {
        case environment, change, file, `default`
    }

    /// With dots: `upstream.answer_timeout`.
    package var key: String
    package var value: JSON
    package var defaultValue: JSON
    package var source: Source
    /// What lies beneath, the nearest first: the file's value under a change, and so on.
    package var beneath: [(source: Source, value: JSON)]

    package init(
        key: String, value: JSON, defaultValue: JSON, source: Source, beneath: [(source: Source, value: JSON)] = []
    ) {
        self.key = key
        self.value = value
        self.defaultValue = defaultValue
        self.source = source
        self.beneath = beneath
    }

    package static func == (one: Self, other: Self) -> Bool {
        one.key.utf8.elementsEqual(other.key.utf8) && one.value == other.value
            && one.defaultValue == other.defaultValue && one.source == other.source
            && one.beneath.elementsEqual(other.beneath) { $0 == $1 }
    }
}
