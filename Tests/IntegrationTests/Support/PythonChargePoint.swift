import Foundation
import NIOCore
import Testing

/// A charge point of the PyPI package `ocpp` (Resources/charge_point.py).
enum PythonChargePoint {
    /// This package's folder.
    private static var package: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    static func start(url: String, arguments: [String] = []) async throws -> ChildProcess {
        let python =
            ProcessInfo.processInfo.environment["OCPP_PYTHON"]
            ?? package.appending(path: ".build/python/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "\(python) is missing: run ./deploy/test.sh, which makes it, or set OCPP_PYTHON")
        let script = package.appending(path: "Tests/IntegrationTests/Resources/charge_point.py").path
        return try await ChildProcess.start(python, [script, url] + arguments)
    }

    /// Runs a whole transaction of the charge point `PY-1` and checks what the central system saw of it.
    static func chargeOnce(at site: Site, url: String, arguments: [String] = []) async throws {
        let chargePoint = try await start(url: url, arguments: arguments)
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
