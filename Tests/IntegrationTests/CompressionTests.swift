import Foundation
import TestSupport
import Testing

/// configuration.md, `websocket.compress`: permessage-deflate with a WebSocket library that is not ours.
@Suite struct CompressionTests {
    private static var package: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    private static let offers = 5

    @Test func `Messages of the Python library come through compressed as they were`() async throws {
        let python =
            ProcessInfo.processInfo.environment["OCPP_PYTHON"]
            ?? Self.package.appending(path: ".build/python/bin/python").path
        try #require(
            FileManager.default.isExecutableFile(atPath: python),
            "\(python) is missing: run ./deploy/test.sh, which makes it, or set OCPP_PYTHON")
        try await withSite(["LISTENERS_WS_DEFAULT_WEBSOCKET_COMPRESS": "true"]) { site in
            let script = Self.package.appending(path: "Tests/IntegrationTests/Resources/compressed_charge_point.py")
            let chargePoint = try await ChildProcess.start(
                python, [script.path, "ws://127.0.0.1:\(site.port)/ocpp/PY"])
            let digits = String(repeating: "0123456789", count: 2000)
            do {
                for number in 0..<Self.offers {
                    // The charge point has said all of its own, and waits for this.
                    _ = try await chargePoint.lines.first("the charge point") {
                        $0.text.hasPrefix("ready") && $0.text.hasSuffix("/PY-\(number)")
                    }
                    let reply = try await site.central.call(
                        "DataTransfer", #"{"vendorId":"V","data":"\#(digits)"}"#, to: "PY-\(number)")
                    #expect(reply.text.hasSuffix(#""Payload":{"status":"Accepted"}}"#))
                }
                let exit = try await chargePoint.exit()
                #expect(exit.code == 0, "\(chargePoint.output)")
            } catch {
                await chargePoint.end()
                throw Failure("\(error)\n\(chargePoint.output)")
            }
            let calls = site.central.received.all.filter { $0.action == "DataTransfer" }
            #expect(calls.count == 7 * Self.offers)
            #expect(calls.contains { $0.text.utf8.count > 400_000 })
        }
    }

    @Test func `Without compression an offer is not answered`() async throws {
        try await withSite { site in
            var settings = ChargePointClient.Settings()
            settings.headers = [("Sec-WebSocket-Extensions", "permessage-deflate")]
            let (_, answer) = try await ChargePointClient.open(port: site.port, identity: "CP-1", settings: settings)
            #expect(answer.status == 101 && answer.header("sec-websocket-extensions") == nil)
        }
    }
}
