import OutsideNames

/// The configuration keys of a simulated charge point (OCPP 1.6, 9.1).
enum ConfigurationKeys {
    /// What a charge point answers to ChangeConfiguration.
    enum ChangeStatus: String {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case notSupported = "NotSupported"
    }

    static let maximumKeysPerRequest = 50

    /// In alphabetical order.
    private static let all: [(name: String, value: SettingValue)] = [
        ("AuthorizeRemoteTxRequests", .flag(\.authorizesRemoteStarts)),
        ("ClockAlignedDataInterval", .fixed("0")),
        ("ConnectionTimeOut", .fixed("120")),
        ("GetConfigurationMaxKeys", .fixed(String(maximumKeysPerRequest))),
        ("HeartbeatInterval", .number(\.heartbeatInterval, 1...86_400)),
        ("LocalAuthorizeOffline", .fixed("false")),
        ("LocalPreAuthorize", .fixed("false")),
        ("MeterValueSampleInterval", .number(\.sampleInterval, 1...86_400)),
        ("MeterValuesSampledData", .fixed("Energy.Active.Import.Register,Power.Active.Import")),
        ("NumberOfConnectors", .fixed("1")),
        ("ResetRetries", .fixed("1")),
        ("StopTransactionOnInvalidId", .fixed("true")),
        ("SupportedFeatureProfiles", .fixed("Core,RemoteTrigger")),
        ("TransactionMessageAttempts", .number(\.transactionAttempts, 1...10)),
        ("TransactionMessageRetryInterval", .number(\.transactionRetryInterval, 1...3_600)),
    ]

    private static func value(of key: String) -> SettingValue? {
        all.first { $0.name.hasSameBytes(as: key) }?.value
    }

    /// A change by the central system.
    static func change(_ key: String, to value: String, in settings: inout StationSettings) -> ChangeStatus {
        guard let setting = self.value(of: key) else { return .notSupported }
        return setting.set(value, in: &settings) ? .accepted : .rejected
    }

    /// The payload that answers GetConfiguration; no keys: all of them.
    static func answer(keys: [String], in settings: StationSettings) -> JSONObject {
        let asked = keys.isEmpty ? all.map(\.name) : keys
        let unknown = asked.filter { value(of: $0) == nil }
        let known: [JSONValue] = asked.compactMap { key in
            guard let value = value(of: key) else { return nil }
            return [
                "key": .string(key), "readonly": .bool(value.isReadOnly), "value": .string(value.text(in: settings)),
            ]
        }
        return ["configurationKey": .array(known), "unknownKey": .array(unknown.map { .string($0) })]
    }
}
