import Foundation
import Glibc
import TestSupport
import Testing

/// management.md, "Configuration at run time": changes.yaml when the process dies and the disk fails.
@Suite struct LastingChangeTests {
    /// A gateway whose broker is nowhere: these tests send no message.
    private func start(_ data: DataFolder, _ settings: [String: String] = [:]) async throws -> GatewayProcess {
        try await GatewayProcess.start(
            data.settings.merging(["BROKER_URL": "mqtt://127.0.0.1:1"]) { $1 }.merging(settings) { $1 })
    }

    private func change(_ number: Int, _ management: ManagementClient) async throws {
        // Long, so that writing it takes a moment.
        let override = (1...200).map { #""Action\#($0)":"t/\#(number)/${cid}""# }.joined(separator: ",")
        try await management.change(
            "PUT", "/api/v5/configs",
            #"{"idle_timeout":"\#(number)s","dnstream.call_timeout":"\#(number)s","upstream.topic_override_mapping":{\#(override)}}"#,
            gives: 200)
    }

    /// The three keys agree: no change is there by half.
    private func number(_ management: ManagementClient) async throws -> Int {
        let keys = "idle_timeout,dnstream.call_timeout,upstream.topic_override_mapping"
        let configs = try await management.json("/api/v5/configs?keys=\(keys)")
        let idle = configs["idle_timeout"]["value"].string?.dropLast()
        #expect(configs["dnstream.call_timeout"]["value"].string?.dropLast() == idle)
        let number = idle.flatMap { Int($0) } ?? 0
        if configs["idle_timeout"]["source"] == "change" {
            #expect(configs["upstream.topic_override_mapping"]["value"]["Action200"] == .string("t/\(number)/${cid}"))
        }
        return number
    }

    @Test func `Killed at any moment it starts with the last change that was answered, or the one on its way`()
        async throws
    {
        let data = try DataFolder()
        var random = SeededRandom(seed: 14)
        var answered = 30
        for round in 1...10 {
            let gateway = try await start(data)
            let management = try await gateway.management()
            let now = try await number(management)
            #expect(now == answered || now == answered + 1, "round \(round)")
            answered = now
            #expect(!gateway.logLines.contains { $0.fields["level"] == "error" })
            let last = Counter()
            let wanted = 1 + random.below(12)
            let writing = Task {
                for number in (now + 1)... {
                    try await change(number, management)
                    last.next()
                }
            }
            try await eventually("some changes") { last.value >= wanted }
            await gateway.child.end()
            _ = await writing.result
            answered = now + last.value
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: data.path("data"))
        let known: Set = ["changes.yaml", "changes.yaml.last", "changes.yaml.new", "traces"]
        #expect(known.isSuperset(of: names), "\(names)")
    }

    @Test func `A write that ended half way is thrown away, and what cannot be used gives way to the one before`()
        async throws
    {
        let data = try DataFolder()
        let first = try await start(data)
        for number in [31, 32] { try await change(number, try await first.management()) }
        await first.child.end()
        let good = try #require(data.text("data/changes.yaml"))
        try data.write(String(good.prefix(100)), to: "data/changes.yaml.new")
        let second = try await start(data)
        #expect(try await number(try await second.management()) == 32)
        try await change(33, try await second.management())
        await second.child.end()
        try data.write(good + "\nlog.level: loud\n", to: "data/changes.yaml")
        let third = try await start(data)
        #expect(try await number(try await third.management()) == 32)
        try await third.log("what it goes on with") { $0.mentions("goes on with", "changes.yaml.last") }
        try await change(34, try await third.management())
        await third.child.end()
        let fourth = try await start(data)
        #expect(try await number(try await fourth.management()) == 34)
        await fourth.child.end()
    }

    @Test func `Changes that keep somebody out are not passed over: the gateway ends with 78 and says what to do`()
        async throws
    {
        let data = try DataFolder()
        let first = try await start(data)
        let management = try await first.management()
        try await change(31, management)
        // Nobody listens there: the backend is away, which is no reason not to start.
        try await management.change(
            "POST", "./authentication", #"{"backend":"http","url":"http://127.0.0.1:1/"}"#, gives: 201)
        await first.child.end()
        let good = try #require(data.text("data/changes.yaml"))
        for broken in [good + "\nlog.level: loud\n", String(good.prefix(good.utf8.count / 2)) + "\u{0}"] {
            try data.write(broken, to: "data/changes.yaml")
            let refused = try await start(data)
            #expect(try await refused.child.exit().code == 78)
            let path = data.path("data/changes.yaml")
            #expect(await refused.child.wholeOutput().contains("\(path) cannot be used"))
            #expect(await refused.child.wholeOutput().contains("\(path).last, if it is there, is the state before"))
        }
        try data.write(good, to: "data/changes.yaml")
        let mended = try await start(data)
        let configs = try await mended.management().json("/api/v5/configs?keys=authentication.backend")
        #expect(configs["authentication.backend"]["value"] == "http")
        await mended.child.end()
    }

    @Test func `A directory that cannot be written is a warning, and an end with 78 where users were to be in it`()
        async throws
    {
        let data = try DataFolder()
        // Where nobody, root neither, can make a folder.
        let nowhere = ["DATA_DIR": "/proc/self/ocpp-gateway"]
        let gateway = try await start(data, nowhere)
        let management = try await gateway.management()
        try await gateway.log("the warning") {
            $0.message.hasPrefix("data_dir cannot be written") && $0.mentions("/proc/self/ocpp-gateway")
        }
        try await change(31, management)
        #expect(try await number(management) == 31)
        let trace = try await management.ask(
            "POST", "/api/v5/trace", #"{"name":"t","type":"clientid","clientid":"CP-1"}"#)
        #expect(trace.status == 503 && trace.code == "SERVICE_UNAVAILABLE")
        let backend = try await management.ask("POST", "./authentication", #"{"backend":"built_in_database"}"#)
        #expect(backend.status == 400, "\(backend.body)")
        await gateway.child.end()
        let refused = try await start(data, nowhere.merging(["AUTHENTICATION_BACKEND": "built_in_database"]) { $1 })
        #expect(try await refused.child.exit().code == 78)
        #expect(await refused.child.wholeOutput().contains("/proc/self/ocpp-gateway"))
    }

    @Test func `A directory that goes while it runs costs nothing but the keeping`() async throws {
        let data = try DataFolder()
        let gateway = try await start(data)
        let management = try await gateway.management()
        try await change(31, management)
        let folder = data.path("data")
        try FileManager.default.moveItem(atPath: folder, toPath: data.path("away"))
        try data.write("a file where the folder was", to: "data")
        try await change(32, management)
        #expect(try await number(management) == 32)
        try await gateway.log("the warning") { $0.message.hasPrefix("changes of the configuration last") }
        try FileManager.default.removeItem(atPath: folder)
        try FileManager.default.moveItem(atPath: data.path("away"), toPath: folder)
        try await change(33, management)
        await gateway.child.end()
        let second = try await start(data)
        #expect(try await number(try await second.management()) == 33)
        await second.child.end()
    }
}
