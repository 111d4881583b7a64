import Management
import Settings

extension GatewayControl: SettingOperations {
    func settings() async -> [SettingSummary] {
        loaded.withLock { $0.readings }.filter(\.isForShow).map { SettingSummary($0) }
    }

    func changeSettings(_ change: [JSON.Member]) async throws(OperationFailure) {
        let proposal = [SettingsMember](change)
        try await self.change(of: proposal.shownNames) { _ throws(OperationFailure) in proposal }
    }

    func takeBackSetting(_ key: String) async throws(OperationFailure) {
        try await change(of: key.shownInOneLine) { _ throws(OperationFailure) in [SettingsMember(key, .null)] }
    }
}

extension [SettingsMember] {
    /// For whoever has to wait for a change of them.
    var shownNames: String { isEmpty ? "nothing" : map(\.name.shownInOneLine).shortList(naming: 3) }
}

extension SettingSummary {
    init(_ reading: SettingReading) {
        self.init(
            key: reading.key, value: reading.json,
            defaultValue: JSON(reading.defaultText, of: reading.kind),
            source: Source(reading.source),
            beneath: reading.beneath.map { (Source($0.source), JSON($0.shown, of: reading.kind)) })
    }
}

extension SettingSummary.Source {
    init(_ source: SettingSource) {
        self =
            switch source {
            case .environment: .environment
            case .change: .change
            case .file: .file
            case .defaults: .default
            }
    }
}
