/// The device model of a simulated charging station (OCPP 2.0.1, part 2, chapter 2.1 and appendix 3).
enum DeviceModel {
    static let vendor = "Simulated"
    static let model = "SIM-22"
    static let firmware = "1.0.0"

    /// How many variables a request may name, and a NotifyReport holds.
    static let itemsPerMessage = 10

    /// What a report is about (ReportBaseEnumType).
    enum ReportBase: String {
        case configuration = "ConfigurationInventory"
        case full = "FullInventory"
        case summary = "SummaryInventory"
    }

    static func variables(of base: ReportBase) -> [DeviceVariable] {
        switch base {
        case .full: station + settings
        case .configuration: settings
        case .summary: station
        }
    }

    static func variables(of component: DeviceComponent) -> [DeviceVariable] {
        (station + settings).filter { $0.component.means(component) }
    }

    private static let station: [DeviceVariable] = {
        let itself = DeviceComponent("ChargingStation")
        let evse = DeviceComponent("EVSE", evse: 1)
        let connector = DeviceComponent("Connector", evse: 1, connector: 1)
        return [
            DeviceVariable(itself, "AvailabilityState", .options, .status),
            DeviceVariable(itself, "Model", .text, .setting(.fixed(model))),
            DeviceVariable(itself, "VendorName", .text, .setting(.fixed(vendor))),
            DeviceVariable(itself, "SupplyPhases", .integer, .setting(.fixed("3"))),
            DeviceVariable(evse, "AvailabilityState", .options, .status),
            DeviceVariable(evse, "SupplyPhases", .integer, .setting(.fixed("3"))),
            DeviceVariable(connector, "AvailabilityState", .options, .status),
            DeviceVariable(connector, "ConnectorType", .text, .setting(.fixed("cType2"))),
        ]
    }()

    private static let settings: [DeviceVariable] = {
        let auth = DeviceComponent("AuthCtrlr")
        let data = DeviceComponent("DeviceDataCtrlr")
        let link = DeviceComponent("OCPPCommCtrlr")
        let meter = DeviceComponent("SampledDataCtrlr")
        let security = DeviceComponent("SecurityCtrlr")
        let transactions = DeviceComponent("TxCtrlr")
        let measurands = SettingValue.fixed("Energy.Active.Import.Register,Power.Active.Import")
        let items = SettingValue.fixed(String(itemsPerMessage))
        return [
            DeviceVariable(auth, "AuthorizeRemoteStart", .boolean, .setting(.flag(\.authorizesRemoteStarts))),
            DeviceVariable(auth, "LocalAuthorizeOffline", .boolean, .setting(.fixed("false"))),
            DeviceVariable(auth, "LocalPreAuthorize", .boolean, .setting(.fixed("false"))),
            DeviceVariable(data, "ItemsPerMessage", instance: "GetReport", .integer, .setting(items)),
            DeviceVariable(data, "ItemsPerMessage", instance: "GetVariables", .integer, .setting(items)),
            DeviceVariable(data, "ItemsPerMessage", instance: "SetVariables", .integer, .setting(items)),
            DeviceVariable(link, "FileTransferProtocols", .members, .setting(.fixed("HTTPS"))),
            DeviceVariable(
                link, "HeartbeatInterval", .integer, .setting(.number(\.heartbeatInterval, 1...86_400))),
            DeviceVariable(
                link, "MessageAttempts", instance: "TransactionEvent", .integer,
                .setting(.number(\.transactionAttempts, 1...10))),
            DeviceVariable(
                link, "MessageAttemptInterval", instance: "TransactionEvent", .integer,
                .setting(.number(\.transactionRetryInterval, 1...3_600))),
            DeviceVariable(link, "MessageTimeout", instance: "Default", .integer, .setting(.fixed("30"))),
            DeviceVariable(link, "NetworkConfigurationPriority", .sequence, .setting(.fixed("0"))),
            DeviceVariable(link, "ResetRetries", .integer, .setting(.fixed("1"))),
            DeviceVariable(meter, "TxEndedMeasurands", .members, .setting(measurands)),
            DeviceVariable(meter, "TxStartedMeasurands", .members, .setting(measurands)),
            DeviceVariable(meter, "TxUpdatedInterval", .integer, .setting(.number(\.sampleInterval, 1...86_400))),
            DeviceVariable(meter, "TxUpdatedMeasurands", .members, .setting(measurands)),
            DeviceVariable(security, "OrganizationName", .text, .setting(.fixed(vendor))),
            DeviceVariable(security, "SecurityProfile", .integer, .setting(.fixed("1"))),
            DeviceVariable(transactions, "EVConnectionTimeOut", .integer, .setting(.fixed("120"))),
            DeviceVariable(transactions, "StopTxOnInvalidId", .boolean, .setting(.fixed("true"))),
            DeviceVariable(transactions, "TxStartPoint", .members, .setting(.fixed("EVConnected"))),
            DeviceVariable(transactions, "TxStopPoint", .members, .setting(.fixed("Authorized,EVConnected"))),
        ]
    }()
}
