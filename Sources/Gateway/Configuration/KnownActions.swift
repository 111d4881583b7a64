import OutsideNames
import SchemaChecking

/// The actions that some version of OCPP defines, whichever a charge point speaks: a setting that names another one is
/// most likely mistyped.
enum KnownActions {
    static func contains(_ action: String) -> Bool { all.contains(LogText(action)) }

    /// The one that differs in capitals only, or else the one that is spelt most alike.
    static func nearest(_ action: String) -> String? {
        let names = all.map(\.text).sorted()
        let lowercased = action.lowercased()
        return names.first { $0.lowercased().hasSameBytes(as: lowercased) } ?? NearestName.of(action, among: names)
    }

    /// What is the matter with those that none defines; nil: nothing.
    static func doubt(about actions: [String]) -> String? {
        let unknown = actions.filter { !contains($0) }
        guard !unknown.isEmpty else { return nil }
        let names = unknown.map { action in
            let near = nearest(action).map { " (did you mean \($0)?)" } ?? ""
            return "\"\(action.shownInOneLine)\"\(near)"
        }
        return "OCPP defines no action \(names.shortList)"
    }

    private static let all: Set<LogText> = Set((ActionTable.ocpp16.actions + ocpp2).map { LogText($0) })

    /// OCPP 2.0.1 and 2.1, part 2, chapter 1.
    private static let ocpp2 = """
        AFRRSignal AdjustPeriodicEventStream Authorize BatterySwap BootNotification CancelReservation CertificateSigned
        ChangeAvailability ChangeTransactionTariff ClearCache ClearChargingProfile ClearDERControl ClearDisplayMessage
        ClearTariffs ClearVariableMonitoring ClearedChargingLimit ClosePeriodicEventStream CostUpdated
        CustomerInformation DataTransfer DeleteCertificate FirmwareStatusNotification Get15118EVCertificate
        GetBaseReport GetCertificateChainStatus GetCertificateStatus GetChargingProfiles GetCompositeSchedule
        GetDERControl GetDisplayMessages GetInstalledCertificateIds GetLocalListVersion GetLog GetMonitoringReport
        GetPeriodicEventStream GetReport GetTariffs GetTransactionStatus GetVariables Heartbeat InstallCertificate
        LogStatusNotification MeterValues NotifyAllowedEnergyTransfer NotifyChargingLimit NotifyCustomerInformation
        NotifyDERAlarm NotifyDERStartStop NotifyDisplayMessages NotifyEVChargingNeeds NotifyEVChargingSchedule
        NotifyEvent NotifyMonitoringReport NotifyPeriodicEventStream NotifyPriorityCharging NotifyReport
        NotifySettlement NotifyWebPaymentStarted OpenPeriodicEventStream PublishFirmware PublishFirmwareStatusNotification
        PullDynamicScheduleUpdate ReportChargingProfiles ReportDERControl RequestBatterySwap RequestStartTransaction
        RequestStopTransaction ReservationStatusUpdate ReserveNow Reset SecurityEventNotification SendLocalList
        SetChargingProfile SetDERControl SetDefaultTariff SetDisplayMessage SetMonitoringBase SetMonitoringLevel
        SetNetworkProfile SetVariableMonitoring SetVariables SignCertificate StatusNotification TransactionEvent
        TriggerMessage UnlockConnector UnpublishFirmware UpdateDynamicSchedule UpdateFirmware UsePriorityCharging
        VatNumberValidation
        """.split(whereSeparator: \.isWhitespace).map(String.init)
}
