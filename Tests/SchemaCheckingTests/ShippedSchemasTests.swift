import Foundation
import SchemaChecking
import SpawnedProcess
import Testing

/// The schemas in `Schemas`.
@Suite struct ShippedSchemasTests {
    private let schemas: MessageSchemas

    init() throws {
        schemas = try MessageSchemas(directory: PackageFolder.schemas16, idPrefixes: ["urn:OCPP:1.6:2019:12:"])
    }

    /// What is committed is what the tables say.
    @Test func `The files are what the script makes of the tables`() async throws {
        let script = PackageFolder.root.appending(path: "Schemas/generate.py").path()
        let process = SpawnedProcess()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [script, "--check"]
        let status = try await withCheckedThrowingContinuation { continuation in
            process.terminationHandler = { continuation.resume(returning: $0.terminationStatus) }
            do { try process.run() } catch { continuation.resume(throwing: error) }
        }
        #expect(status == 0, "what differs is named above; Schemas/generate.py writes the files anew")
    }

    @Test(
        arguments: [
            ("1.6", "urn:OCPP:1.6:2019:12:", 56, "StopTransactionResponse"),
            ("1.6", "urn:OCPP:Cp:1.6:2020:3:", 22, "GetLog.conf"),
            ("1.6", "urn:OCPP:Cp:1.6:2020:3:", 22, "SignedUpdateFirmware.req"),
            ("2.0.1", "urn:OCPP:Cp:2:2020:3:", 128, "TransactionEventRequest"),
            ("2.1", "urn:OCPP:Cp:2:2025:1:", 181, "NotifyPeriodicEventStream"),
        ])
    func `Their ids are those of the published files: a prefix for each version, and one of 1.6's security messages`(
        version: String, prefix: String, count: Int, message: String
    ) throws {
        let ids = try #require(MessageSchemas.ids(ofFilesIn: PackageFolder.schemas(version)))
        #expect(ids.count { $0.hasPrefix(prefix) } == count)
        #expect(ids.contains(prefix + message))
    }

    /// The other spelling is that of OCPP 2.1's published files.
    @Test func `Both spellings of idle time pass`() throws {
        let schemas = try MessageSchemas(
            directory: PackageFolder.schemas("2.1"), idPrefixes: ["urn:OCPP:Cp:2:2025:1:"])
        let schema = try #require(schemas.schema(forRequest: "TransactionEvent"))
        for (dimension, fits) in [("IdleTIme", true), ("IdleTime", true), ("idletime", false)] {
            let payload = """
                {"eventType":"Updated","timestamp":"2025-01-01T00:00:00Z","triggerReason":"MeterValuePeriodic","seqNo":1,
                 "transactionInfo":{"transactionId":"1"},"costDetails":{"totalCost":{"currency":"EUR","typeOfCost":"NormalCost",
                 "total":{}},"totalUsage":{"energy":1,"chargingTime":1,"idleTime":1},"chargingPeriods":[
                 {"startPeriod":"2025-01-01T00:00:00Z","dimensions":[{"type":"\(dimension)","volume":1}]}]}}
                """
            let found = try violation(of: schema, in: payload.utf8)
            #expect((found == nil) == fits, "\(dimension): \(String(describing: found))")
        }
    }

    @Test func `Both spellings of celsius pass`() throws {
        let schema = try #require(schemas.schema(forRequest: "MeterValues"))
        for unit in ["Celsius", "Celcius"] {
            #expect(try violation(of: schema, in: meterValues(unit: unit).utf8) == nil)
        }
        let found = try violation(of: schema, in: meterValues(unit: "celsius").utf8)
        #expect(found?.pointer == "/meterValue/0/sampledValue/0/unit")
        #expect(found?.kind == .constraint)
    }

    @Test func `Limits are multiples of a tenth`() throws {
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

    private func meterValues(unit: String) -> String {
        """
        {"connectorId":1,"meterValue":[{"timestamp":"2025-01-01T00:00:00Z",
         "sampledValue":[{"value":"21.5","measurand":"Temperature","unit":"\(unit)"}]}]}
        """
    }
}
