import Foundation
import SchemaChecking
import Testing

/// `Schemas/ocpp1.6` and the table of actions.
@Suite struct ShippedSchemasTests {
    private let schemas: MessageSchemas

    init() throws {
        schemas = try MessageSchemas(directory: PackageFolder.schemas16, idPrefix: "urn:OCPP:1.6:2019:12:")
    }

    @Test func thereAreSchemasForBothMessagesOfEachOf39Actions() throws {
        #expect(ActionTable.ocpp16.actions.count == 39)
        var ids: Set<String> = []
        for action in ActionTable.ocpp16.actions {
            ids.insert(try #require(schemas.schema(forRequest: action)?.id))
            ids.insert(try #require(schemas.schema(forResponse: action)?.id))
        }
        #expect(ids.count == 78)
        #expect(ids.allSatisfy { $0.hasPrefix("urn:OCPP:1.6:2019:12:") })
        let files = try FileManager.default.contentsOfDirectory(atPath: PackageFolder.schemas16)
        #expect(files.count == 78)
    }

    @Test func bothSpellingsOfCelsiusPass() throws {
        let schema = try #require(schemas.schema(forRequest: "MeterValues"))
        for unit in ["Celsius", "Celcius"] {
            #expect(try violation(of: schema, in: meterValues(unit: unit).utf8) == nil)
        }
        let found = try violation(of: schema, in: meterValues(unit: "celsius").utf8)
        #expect(found?.pointer == "/meterValue/0/sampledValue/0/unit")
        #expect(found?.kind == .constraint)
    }

    @Test func limitsAreMultiplesOfATenth() throws {
        let schema = try #require(schemas.schema(forRequest: "SetChargingProfile"))
        func profile(_ limit: String) -> String {
            """
            {"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,
             "chargingProfilePurpose":"TxProfile","chargingProfileKind":"Absolute","chargingSchedule":{
             "chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":\(limit)}]}}}
            """
        }
        for limit in ["16.1", "0.3", "32", "16.10"] {
            #expect(try violation(of: schema, in: profile(limit).utf8) == nil, "\(limit)")
        }
        #expect(try violation(of: schema, in: profile("16.15").utf8)?.rule == "not a multiple of 0.1")
    }

    @Test(arguments: [
        ("Authorize", ActionSender.chargePoint), ("SecurityEventNotification", .chargePoint),
        ("SignCertificate", .chargePoint), ("SignedFirmwareStatusNotification", .chargePoint),
        ("LogStatusNotification", .chargePoint), ("Reset", .centralSystem), ("TriggerMessage", .centralSystem),
        ("CertificateSigned", .centralSystem), ("ExtendedTriggerMessage", .centralSystem), ("DataTransfer", .either),
    ])
    func aCALLHasItsSender(action: String, sender: ActionSender) {
        #expect(ActionTable.ocpp16.sender(of: action) == sender)
    }

    @Test(arguments: ["", "authorize", "AuthorizeRequest", "NotifyReport"])
    func otherActionsAreNotDefined(_ action: String) {
        #expect(ActionTable.ocpp16.sender(of: action) == nil)
    }

    private func meterValues(unit: String) -> String {
        """
        {"connectorId":1,"meterValue":[{"timestamp":"2025-01-01T00:00:00Z",
         "sampledValue":[{"value":"21.5","measurand":"Temperature","unit":"\(unit)"}]}]}
        """
    }
}
