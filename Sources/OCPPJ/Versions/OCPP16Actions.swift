extension ActionTable {
    /// OCPP 1.6, chapters 4 and 5, and the security whitepaper (edition 3), chapter 5.
    static let ocpp16 = ActionTable(
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
        ])
}
