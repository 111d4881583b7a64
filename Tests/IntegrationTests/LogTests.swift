import Foundation
import TestSupport
import Testing

/// behaviour.md, "Bounds", on the log, and what an operator finds in it.
@Suite struct LogTests {
    /// Ten of a kind in each ten seconds, and one such time more than have passed: nobody knows how a run lies in them.
    private func mostInFull(since begin: ContinuousClock.Instant) -> Int {
        10 * (2 + Int((ContinuousClock.now - begin) / .seconds(10)))
    }

    /// A process that is killed cannot take it back.
    @Test func `No library leaves shared memory behind`() async throws {
        try await withSite(["MONGOC_DISABLE_SHM": GatewayProcess.unsaid]) { site in
            #expect(!FileManager.default.fileExists(atPath: "/dev/shm/mongoc-\(site.gateway.child.pid)"))
        }
    }

    @Test func `A charge point that floods with bad messages gets ten lines and a sum of the others`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "0"]) { site in
            let other = try await site.connectReady("CP-2")
            let flooder = try await site.connectReady("CP-1")
            let count = 3000
            let begin = ContinuousClock.now
            for number in 0..<count { try await flooder.send(text: "[2,\"bad-\(number)\"]") }
            try await eventually("every one is answered") {
                flooder.texts.all.count { OCPPText($0).type == 4 } == count
            }
            // Another's first lines are not held back for it.
            try await other.send(text: "[2,\"mine\"]")
            try await site.gateway.log("the other's line") {
                $0.message == "bad message from the charge point" && $0.fields["cid"] == "CP-2"
            }
            let sum = try await site.gateway.log("the sum") {
                $0.message.contains(/bad message from the charge point: \d+ more in 10 s/) && $0.fields["cid"] == "CP-1"
            }
            let lines = site.gateway.logLines.filter { $0.fields["cid"] == "CP-1" }
            let inFull = lines.count { $0.message == "bad message from the charge point" }
            #expect((10...mostInFull(since: begin)).contains(inFull))
            #expect(Int(sum.fields["more"] ?? "") ?? 0 > 0)
            #expect(lines.count < 2 * mostInFull(since: begin))
        }
    }

    @Test func `What was held back is summed up at a stop and the counters have counted all`() async throws {
        try await withSite(["LIMITS_BAD_MESSAGES": "0", "STATS_INTERVAL": "200ms"]) { site in
            let flooder = try await site.connectReady("CP-1")
            let begin = ContinuousClock.now
            for number in 0..<100 { try await flooder.send(text: "[2,\"bad-\(number)\"]") }
            try await site.gateway.log("the count of all") {
                $0.message == "statistics" && $0.fields["bad_messages"] == "100"
            }
            #expect(try await site.gateway.stop() == 0)
            let bad = site.gateway.logLines.filter { $0.message.hasPrefix("bad message from the charge point") }
            let inFull = bad.count { $0.fields["more"] == nil }
            let summed = bad.compactMap { $0.fields["more"].flatMap { Int($0) } }.reduce(0, +)
            #expect(inFull + summed == 100 && inFull <= mostInFull(since: begin))
        }
    }

    @Test func `A client that is refused again and again gets ten lines`() async throws {
        try await withSite { site in
            let begin = ContinuousClock.now
            var rounds = 0
            var sum: GatewayProcess.LogLine?
            // A machine that is too slow for more than ten in ten seconds goes on.
            while sum == nil {
                try #require(ContinuousClock.now - begin < .seconds(120))
                for _ in 0..<60 {
                    rounds += 1
                    var settings = ChargePointClient.Settings()
                    settings.path = "/elsewhere/"
                    let (client, answer) = try await ChargePointClient.open(
                        port: site.port, identity: "CP-1", settings: settings)
                    #expect(answer.status == 404)
                    await client.cut()
                }
                sum = try? await site.gateway.log("the sum", within: 15) { $0.message.contains("handshake refused: ") }
            }
            let inFull = site.gateway.logLines.count { $0.message == "handshake refused" }
            #expect((10...mostInFull(since: begin)).contains(inFull) && inFull < rounds)
        }
    }

    @Test func `Statistics that say nothing new are left out`() async throws {
        let settings = ["STATS_INTERVAL": "100ms", "LISTENERS_WS_DEFAULT_WEBSOCKET_PING_INTERVAL": "250ms"]
        try await withSite(settings) { site in
            try await site.gateway.log("the link in a line") {
                $0.message == "statistics" && $0.fields["broker"] == "up" && $0.fields["broker_pending"] == "0"
            }
            let chargePoint = try await site.connectReady()
            let count = { site.gateway.logLines.count { $0.message == "statistics" } }
            try await site.gateway.log("the session in a line") {
                $0.message == "statistics" && $0.fields["sessions"] == "1" && $0.fields["broker_pending"] == "0"
            }
            // Nothing that it counts happens for ten intervals of the gateway's own clock; a line may be under way as
            // they begin.
            _ = chargePoint.pings.takeAll()
            let before = count()
            for number in 1...5 { _ = try await chargePoint.pings.take("ping \(number)") }
            #expect(count() <= before + 1)
            await chargePoint.close()
            try await site.gateway.log("the next line") {
                $0.message == "statistics" && $0.fields["sessions"] == "0"
            }
        }
    }

    @Test func `A hang up says which files were read for which listener and what is read for the broker`() async throws
    {
        let files = try CertificateFolder()
        let password = FileManager.default.temporaryDirectory.appending(path: "password-\(UUID().uuidString)")
        try Data("s3cr3t-w0rd\n".utf8).write(to: password)
        defer { try? FileManager.default.removeItem(at: password) }
        let settings = ["BROKER_USERNAME": "user", "BROKER_PASSWORD_FILE": password.path]
        try await withSite(files.settings().merging(settings) { $1 }) { site in
            // Before it listens it has read nothing that could be read again.
            _ = try await site.gateway.log("the second listener") {
                $0.message == "listening" && $0.fields["listener"] == "wss:tls"
            }
            site.gateway.child.send(signal: SIGHUP)
            let listener = try await site.gateway.log("the listener's") { $0.message == "certificates reloaded" }
            #expect(listener.fields["listener"] == "wss:tls")
            #expect(listener.mentions("listener.pem", "listener.key"))
            let broker = try await site.gateway.log("the broker's") {
                $0.message == "files for the broker are read at each connect to it"
            }
            #expect(broker.fields["files"] == password.path)
            try FileManager.default.removeItem(at: password)
            site.gateway.child.send(signal: SIGHUP)
            let missing = try await site.gateway.log("the missing one") {
                $0.message.hasPrefix("a file for the broker cannot be read")
            }
            #expect(missing.fields["files"] == password.path && missing.mentions("No such file"))
            #expect(!site.gateway.child.output.contains("s3cr3t-w0rd"))
        }
    }

    @Test func `No password reaches the log at any level`() async throws {
        let settings = [
            "BROKER_SESSIONS": "per_charge_point", "LOG_LEVEL": "trace", "BROKER_USERNAME": "gateway",
            "BROKER_PASSWORD": "br0ker-w0rd", "MANAGEMENT_API_KEY": "ops",
            "MANAGEMENT_API_SECRET": "m4nagement-w0rd",
        ]
        try await withSite(settings) { site in
            var own = ChargePointClient.Settings()
            let credentials = Data("CP-1:b4sic-w0rd".utf8).base64EncodedString()
            own.headers = [("Authorization", "Basic \(credentials)")]
            let chargePoint = try await ChargePointClient.connect(port: site.port, identity: "CP-1", settings: own)
            chargePoint.acceptEveryCall()
            _ = try await chargePoint.call("Authorize", #"{"idTag":"t4g-w0rd"}"#)
            let change = #"{"key":"AuthorizationKey","value":"k3y-w0rd"}"#
            #expect(try await site.central.call("ChangeConfiguration", change, to: "CP-1").type == 3)
            site.gateway.child.send(signal: SIGHUP)
            #expect(try await site.gateway.stop() == 0)
            let log = site.gateway.child.output
            #expect(log.contains("ChangeConfiguration"))
            for secret in ["br0ker", "m4nagement", "b4sic", "t4g", "k3y"] { #expect(!log.contains("\(secret)-w0rd")) }
            #expect(!log.contains(credentials))
        }
    }
}
