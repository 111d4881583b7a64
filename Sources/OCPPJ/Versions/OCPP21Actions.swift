extension ActionTable {
    /// OCPP 2.1, part 2, "Messages, datatypes & enumerations"; what goes as a SEND: OCPP-J 2.1.
    static let ocpp21 = ActionTable(
        chargePoint: [
            "Authorize", "BatterySwap", "BootNotification", "ClearedChargingLimit", "ClosePeriodicEventStream",
            "FirmwareStatusNotification", "Get15118EVCertificate", "GetCertificateChainStatus", "GetCertificateStatus",
            "Heartbeat", "LogStatusNotification", "MeterValues", "NotifyChargingLimit", "NotifyCustomerInformation",
            "NotifyDERAlarm", "NotifyDERStartStop", "NotifyDisplayMessages", "NotifyEVChargingNeeds",
            "NotifyEVChargingSchedule", "NotifyEvent", "NotifyMonitoringReport", "NotifyPriorityCharging",
            "NotifyReport", "NotifySettlement", "OpenPeriodicEventStream", "PublishFirmwareStatusNotification",
            "PullDynamicScheduleUpdate", "ReportChargingProfiles", "ReportDERControl", "ReservationStatusUpdate",
            "SecurityEventNotification", "SignCertificate", "StatusNotification", "TransactionEvent",
            "VatNumberValidation",
        ],
        centralSystem: [
            "AFRRSignal", "AdjustPeriodicEventStream", "CancelReservation", "CertificateSigned", "ChangeAvailability",
            "ChangeTransactionTariff", "ClearCache", "ClearChargingProfile", "ClearDERControl", "ClearDisplayMessage",
            "ClearTariffs", "ClearVariableMonitoring", "CostUpdated", "CustomerInformation", "DeleteCertificate",
            "GetBaseReport", "GetChargingProfiles", "GetCompositeSchedule", "GetDERControl", "GetDisplayMessages",
            "GetInstalledCertificateIds", "GetLocalListVersion", "GetLog", "GetMonitoringReport",
            "GetPeriodicEventStream", "GetReport", "GetTariffs", "GetTransactionStatus", "GetVariables",
            "InstallCertificate", "NotifyAllowedEnergyTransfer", "NotifyWebPaymentStarted", "PublishFirmware",
            "RequestBatterySwap", "RequestStartTransaction", "RequestStopTransaction", "ReserveNow", "Reset",
            "SendLocalList", "SetChargingProfile", "SetDERControl", "SetDefaultTariff", "SetDisplayMessage",
            "SetMonitoringBase", "SetMonitoringLevel", "SetNetworkProfile", "SetVariableMonitoring", "SetVariables",
            "TriggerMessage", "UnlockConnector", "UnpublishFirmware", "UpdateDynamicSchedule", "UpdateFirmware",
            "UsePriorityCharging",
        ],
        sentByChargePoint: ["NotifyPeriodicEventStream"])
}
