/// The configuration keys of a simulated charge point (OCPP 1.6, 9.1).
struct ConfigurationKeys {
    private enum Kind {
        case readOnly
        case boolean
        case integer(ClosedRange<Int>)
    }

    private struct Entry {
        var value: String
        var kind: Kind
    }

    /// What a charge point answers to ChangeConfiguration.
    enum ChangeStatus: String {
        case accepted = "Accepted"
        case rejected = "Rejected"
        case notSupported = "NotSupported"
    }

    static let maximumKeysPerRequest = 50

    private var entries: [String: Entry]

    init() {
        entries = [
            "AuthorizeRemoteTxRequests": Entry(value: "false", kind: .boolean),
            "ClockAlignedDataInterval": Entry(value: "0", kind: .readOnly),
            "ConnectionTimeOut": Entry(value: "120", kind: .readOnly),
            "GetConfigurationMaxKeys": Entry(value: String(Self.maximumKeysPerRequest), kind: .readOnly),
            "HeartbeatInterval": Entry(value: "60", kind: .integer(1...86_400)),
            "LocalAuthorizeOffline": Entry(value: "false", kind: .readOnly),
            "LocalPreAuthorize": Entry(value: "false", kind: .readOnly),
            "MeterValuesSampledData": Entry(
                value: "Energy.Active.Import.Register,Power.Active.Import", kind: .readOnly),
            "MeterValueSampleInterval": Entry(value: "240", kind: .integer(1...86_400)),
            "NumberOfConnectors": Entry(value: "1", kind: .readOnly),
            "ResetRetries": Entry(value: "1", kind: .readOnly),
            "StopTransactionOnInvalidId": Entry(value: "true", kind: .readOnly),
            "SupportedFeatureProfiles": Entry(value: "Core,RemoteTrigger", kind: .readOnly),
            "TransactionMessageAttempts": Entry(value: "3", kind: .integer(1...10)),
            "TransactionMessageRetryInterval": Entry(value: "10", kind: .integer(1...3_600)),
        ]
    }

    /// The value of a key whose values are whole numbers; zero for any other.
    func integer(_ key: String) -> Int {
        entries[key].flatMap { Int($0.value) } ?? 0
    }

    func boolean(_ key: String) -> Bool {
        entries[key]?.value == "true"
    }

    /// A change by the charge point itself (the heartbeat interval of an accepted boot).
    mutating func set(_ key: String, to value: Int) {
        entries[key]?.value = String(value)
    }

    /// A change by the central system.
    mutating func change(_ key: String, to value: String) -> ChangeStatus {
        guard let entry = entries[key] else { return .notSupported }
        switch entry.kind {
        case .readOnly:
            return .rejected
        case .boolean:
            guard let flag = Bool(value.lowercased()) else { return .rejected }
            entries[key]?.value = String(flag)
        case .integer(let range):
            guard let number = Int(value), range.contains(number) else { return .rejected }
            entries[key]?.value = String(number)
        }
        return .accepted
    }

    /// The payload that answers GetConfiguration; no keys: all of them.
    func answer(keys: [String]) -> JSONObject {
        let asked = keys.isEmpty ? entries.keys.sorted() : keys
        let unknown = asked.filter { entries[$0] == nil }
        let known: [JSONValue] = asked.compactMap { key in
            guard let entry = entries[key] else { return nil }
            let isReadOnly = if case .readOnly = entry.kind { true } else { false }
            return ["key": .string(key), "readonly": .bool(isReadOnly), "value": .string(entry.value)]
        }
        return ["configurationKey": .array(known), "unknownKey": .array(unknown.map { .string($0) })]
    }
}
