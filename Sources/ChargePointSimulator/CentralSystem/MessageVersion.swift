/// The version of a message that does not say it itself: an MQTT 3.1.1 broker carries no user property.
///
/// An action that only one version knows decides, or a field that OCPP 2.0.1 has renamed. What 2.0.1 and 2.1 have in
/// common is taken for what the charge point spoke before, else for 2.0.1; what all have in common likewise, else for
/// 1.6.
enum MessageVersion {
    static func of(_ message: OCPPMessage, spokenBefore known: OCPPVersion?) -> OCPPVersion {
        switch message {
        case .callResultError, .send: .v21
        case .callResult, .callError: known ?? .v16
        case .call(_, let action, let payload): of(action, payload, known)
        }
    }

    private static func of(_ action: String, _ payload: JSONObject, _ known: OCPPVersion?) -> OCPPVersion {
        if actions21.contains(action) { return .v21 }
        if actions16.contains(action) || payload.keys.contains(where: fields16.contains) { return .v16 }
        if actions2.contains(action) || payload.keys.contains(where: fields2.contains) {
            return known == .v21 ? .v21 : .v201
        }
        return known ?? .v16
    }

    private static let actions16: Set = [
        "DiagnosticsStatusNotification", "SignedFirmwareStatusNotification", "StartTransaction", "StopTransaction",
    ]

    private static let actions2: Set = [
        "ClearedChargingLimit", "Get15118EVCertificate", "GetCertificateStatus", "NotifyChargingLimit",
        "NotifyCustomerInformation", "NotifyDisplayMessages", "NotifyEVChargingNeeds", "NotifyEVChargingSchedule",
        "NotifyEvent", "NotifyMonitoringReport", "NotifyReport", "PublishFirmwareStatusNotification",
        "ReportChargingProfiles", "ReservationStatusUpdate", "TransactionEvent",
    ]

    static let actions21: Set = [
        "BatterySwap", "ClosePeriodicEventStream", "GetCertificateChainStatus", "NotifyDERAlarm", "NotifyDERStartStop",
        "NotifyPriorityCharging", "NotifySettlement", "OpenPeriodicEventStream", "PullDynamicScheduleUpdate",
        "ReportDERControl", "VatNumberValidation",
    ]

    /// Of BootNotification and Authorize.
    private static let fields16: Set = ["chargePointVendor", "idTag"]

    /// Of BootNotification, Authorize, StatusNotification and MeterValues.
    private static let fields2: Set = ["chargingStation", "connectorStatus", "evseId", "idToken"]
}
