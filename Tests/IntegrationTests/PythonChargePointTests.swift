import Foundation
import NIOCore
import Testing

/// A charge point library that is not ours, through the gateway, against a central system that speaks only MQTT.
@Suite struct PythonChargePointTests {
    /// This package's folder.
    private static var package: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    @Test func aWholeTransactionOfThePythonLibraryGoesThrough() async throws {
        let python =
            ProcessInfo.processInfo.environment["OCPP_PYTHON"]
            ?? Self.package.appending(path: ".build/python/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "\(python) is missing: run ./deploy/test.sh, which makes it, or set OCPP_PYTHON")
        try await withSite { site in
            let chargePoint = try await ChildProcess.start(
                python,
                [
                    Self.package.appending(path: "Tests/IntegrationTests/Resources/charge_point.py").path,
                    "ws://127.0.0.1:\(site.port)/ocpp/PY-1",
                ])
            do {
                _ = try await chargePoint.lines.first("the booted charge point") { $0.text == "available" }
                let reply = try await site.central.call(
                    "RemoteStartTransaction", #"{"idTag":"TAG-1","connectorId":1}"#, to: "PY-1")
                #expect(reply.text.hasSuffix(#""Payload":{"status":"Accepted"}}"#))
                let exit = try await chargePoint.exit()
                #expect(exit.code == 0, "\(chargePoint.output)")
            } catch {
                await chargePoint.end()
                throw Failure("\(error)\n\(chargePoint.output)")
            }
            #expect(
                site.central.received.all.compactMap(\.action) == [
                    "BootNotification", "StatusNotification", "Authorize", "StartTransaction", "MeterValues",
                    "MeterValues", "Heartbeat", "StopTransaction",
                ])
            let malformed = site.central.received.all.filter { !$0.isWellFormed }
            #expect(malformed.isEmpty)
        }
    }
}
