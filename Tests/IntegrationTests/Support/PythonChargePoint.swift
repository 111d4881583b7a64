import Foundation
import NIOCore
import TestSupport
import Testing

/// A charge point of the PyPI package `ocpp` (Resources/charge_point.py).
enum PythonChargePoint {
    /// This package's folder.
    private static var package: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    static func start(url: String, arguments: [String] = []) async throws -> ChildProcess {
        try await start(script: "charge_point.py", [url] + arguments)
    }

    /// A program of ours in Python, from Resources.
    static func start(script name: String, _ arguments: [String]) async throws -> ChildProcess {
        try await ChildProcess.start(try python, ["-B", script(name)] + arguments)
    }

    /// The interpreter with what the tests need of PyPI.
    static var python: String {
        get throws {
            let python =
                ProcessInfo.processInfo.environment["OCPP_PYTHON"]
                ?? package.appending(path: ".build/python/bin/python").path
            try #require(
                FileManager.default.isExecutableFile(atPath: python),
                "\(python) is missing: run ./deploy/test.sh, which makes it, or set OCPP_PYTHON")
            return python
        }
    }

    /// The path of a script of these tests.
    static func script(_ name: String) -> String {
        package.appending(path: "Tests/IntegrationTests/Resources/\(name)").path
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

    /// The same of a charging station of OCPP 2.0.1 or 2.1 (Resources/charge_point_2.py).
    static func chargeOnce(at site: Site, version: String) async throws {
        site.central.onCall { call in
            switch call.action {
            case "BootNotification", "Heartbeat": CentralSystem.plainAnswer(call)
            case "Authorize": .result(#"{"idTokenInfo":{"status":"Accepted"}}"#)
            case "TransactionEvent" where call.text.contains("Started"):
                .result(#"{"idTokenInfo":{"status":"Accepted"}}"#)
            default: .result("{}")
            }
        }
        let chargePoint = try await start(
            script: "charge_point_2.py", [version, "ws://127.0.0.1:\(site.port)/ocpp/PY-2"])
        do {
            _ = try await chargePoint.lines.first("the booted station") { $0.text == "available" }
            let variable = #"{"component":{"name":"OCPPCommCtrlr"},"variable":{"name":"HeartbeatInterval"}}"#
            let read = try await site.central.call("GetVariables", #"{"getVariableData":[\#(variable)]}"#, to: "PY-2")
            #expect(read.text.contains(#""attributeValue":"300""#), "\(read)")
            let reply = try await site.central.call(
                "RequestStartTransaction", #"{"idToken":{"idToken":"TAG-1","type":"Central"},"remoteStartId":3}"#,
                to: "PY-2")
            #expect(reply.text.contains(#""status":"Accepted""#), "\(reply)")
            let exit = try await chargePoint.exit()
            #expect(exit.code == 0, "\(chargePoint.output)")
        } catch {
            await chargePoint.end()
            throw Failure("\(error)\n\(chargePoint.output)")
        }
        #expect(
            site.central.received.all.compactMap(\.action) == [
                "BootNotification", "StatusNotification", "Authorize", "TransactionEvent", "TransactionEvent",
                "TransactionEvent", "Heartbeat", "TransactionEvent", "SecurityEventNotification",
            ])
        for message in site.central.received.all {
            #expect(message.mqtt.userProperties["ocpp-version"] == version && message.source == nil, "\(message)")
        }
    }
}
