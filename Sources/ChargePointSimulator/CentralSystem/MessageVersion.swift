import OCPPJ

/// The version of a message that does not say it itself: an MQTT 3.1.1 broker carries no user property.
///
/// An action that only one version knows decides, or a field that OCPP 2.0.1 has renamed. What 2.0.1 and 2.1 have in
/// common is taken for what the charge point spoke before, else for 2.0.1; what all have in common likewise, else for
/// 1.6.
enum MessageVersion {
    static func of(_ message: SimulatorMessage, spokenBefore known: OCPPVersion?) -> OCPPVersion {
        switch message {
        case .callResultError, .send: .v21
        case .callResult, .callError: known ?? .v16
        case .call(_, let action, let payload): of(action, payload, known)
        }
    }

    private static func of(_ action: String, _ payload: JSONObject, _ known: OCPPVersion?) -> OCPPVersion {
        let speakers = OCPPVersion.allCases.filter { version in
            switch version.actions.sender(of: action) {
            case .chargePoint, .either: true
            case .centralSystem, nil: false
            }
        }
        switch speakers {
        case [.v16]: return .v16
        case [.v21]: return .v21
        case [.v201, .v21]: return known == .v21 ? .v21 : .v201
        default: break
        }
        if payload.keys.contains(where: fields16.contains) { return .v16 }
        if payload.keys.contains(where: fields2.contains) { return known == .v21 ? .v21 : .v201 }
        return known ?? .v16
    }

    /// Of BootNotification and Authorize.
    private static let fields16: Set = ["chargePointVendor", "idTag"]

    /// Of BootNotification, Authorize, StatusNotification and MeterValues.
    private static let fields2: Set = ["chargingStation", "connectorStatus", "evseId", "idToken"]
}
