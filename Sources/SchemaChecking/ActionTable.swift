/// Which side may send an action as a CALL.
public enum ActionSender: Sendable, Equatable {
    case chargePoint
    case centralSystem
    case either
}

/// The actions of one OCPP version.
public struct ActionTable: Sendable {
    private let senders: [String: ActionSender]

    /// Who may send this action as a CALL; nil for an action that the version does not define.
    public func sender(of action: String) -> ActionSender? {
        senders[action]
    }

    /// All actions, in the order of the alphabet.
    public var actions: [String] { senders.keys.sorted() }

    /// OCPP 1.6, chapters 4 and 5, and the security whitepaper (edition 3), chapter 5.
    public static let ocpp16 = ActionTable(
        chargePoint: [
            "Authorize", "BootNotification", "DiagnosticsStatusNotification", "FirmwareStatusNotification",
            "Heartbeat", "LogStatusNotification", "MeterValues", "SecurityEventNotification", "SignCertificate",
            "SignedFirmwareStatusNotification", "StartTransaction", "StatusNotification", "StopTransaction",
        ],
        centralSystem: [
            "CancelReservation", "CertificateSigned", "ChangeAvailability", "ChangeConfiguration", "ClearCache",
            "ClearChargingProfile", "DeleteCertificate", "ExtendedTriggerMessage", "GetCompositeSchedule",
            "GetConfiguration", "GetDiagnostics", "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog",
            "InstallCertificate", "RemoteStartTransaction", "RemoteStopTransaction", "ReserveNow", "Reset",
            "SendLocalList", "SetChargingProfile", "SignedUpdateFirmware", "TriggerMessage", "UnlockConnector",
            "UpdateFirmware",
        ],
        either: ["DataTransfer"])

    private init(chargePoint: [String], centralSystem: [String], either: [String]) {
        var senders: [String: ActionSender] = [:]
        for action in chargePoint { senders[action] = .chargePoint }
        for action in centralSystem { senders[action] = .centralSystem }
        for action in either { senders[action] = .either }
        self.senders = senders
    }
}
