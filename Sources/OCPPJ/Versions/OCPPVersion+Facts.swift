/// What the versions differ in; everything else is the same for all.
extension OCPPVersion {
    /// Its place in tables that have an entry for each version.
    package var index: Int {
        switch self {
        case .v16: 0
        case .v201: 1
        case .v21: 2
        }
    }

    /// The actions, and who may send them.
    package var actions: ActionTable {
        switch self {
        case .v16: .ocpp16
        case .v201: .ocpp201
        case .v21: .ocpp21
        }
    }

    /// CALLRESULTERROR and SEND came with OCPP 2.1; to others they are unknown types.
    package func defines(_ type: MessageType) -> Bool {
        switch type {
        case .call, .callResult, .callError: true
        case .callResultError, .send:
            switch self {
            case .v16, .v201: false
            case .v21: true
            }
        }
    }

    /// The action of a signed message, `<Action>-Signed` (OCPP-J 2.0.1, 7.1); nil for every other.
    package func signedActionName(_ action: String) -> String? {
        let ending = "-Signed"
        guard self != .v16, action.utf8.count > ending.utf8.count, action.hasSuffix(ending) else { return nil }
        return String(action.dropLast(ending.count))
    }

    /// Whether a `date-time` is what ISO 8601 allows, and not RFC 3339 to the letter.
    package var hasISO8601Times: Bool { self == .v16 }

    /// The folder of `json_schema_dir` with this version's schemas.
    package var schemaFolder: String { "ocpp" + rawValue }

    /// What stands in front of a message's name in the `$id` of its schema, in files of ours and of the Open Charge
    /// Alliance; the first is that of the core messages.
    package var schemaIDPrefixes: [String] {
        switch self {
        case .v16: ["urn:OCPP:1.6:2019:12:", "urn:OCPP:Cp:1.6:2020:3:"]
        case .v201: ["urn:OCPP:Cp:2:2020:3:"]
        case .v21: ["urn:OCPP:Cp:2:2025:1:"]
        }
    }
}
