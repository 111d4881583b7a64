import Foundation
import TestSupport
import Testing

/// management.md, "Keys", `data_dir` on a disk that is full: what was there stays, and with room again all goes on.
@Suite struct FullDiskTests {
    private static let password = "0123456789abcdef"

    /// Two keys that change together, and long, so that writing them takes more room than a file has left.
    private func change(_ number: Int, _ management: ManagementClient) async throws {
        let mapping = (1...200).map { #""Action\#($0)":"t/\#(number)/${cid}""# }.joined(separator: ",")
        try await management.change(
            "PUT", "/api/v5/configs",
            #"{"idle_timeout":"\#(number)s","upstream.topic_override_mapping":{\#(mapping)}}"#, gives: 200)
    }

    private func number(_ management: ManagementClient) async throws -> Int? {
        let configs = try await management.json("/api/v5/configs?keys=idle_timeout,upstream.topic_override_mapping")
        let number = (configs["idle_timeout"]["value"].string?.dropLast()).flatMap { Int($0) }
        #expect(configs["upstream.topic_override_mapping"]["value"]["Action200"] == .string("t/\(number ?? 0)/${cid}"))
        return number
    }

    @Test(arguments: await FullDisk.kinds())
    func `A change on a full disk lasts until the next start, which has the last good state, and with room it is kept`(
        kind: FullDisk.Kind
    ) async throws {
        let data = try DataFolder()
        let disk = try await FullDisk.make(kind, at: data.path("data"))
        let settings = data.settings.merging(["BROKER_URL": "mqtt://127.0.0.1:1"]) { $1 }
        let first = try await disk.start(settings)
        let management = try await first.management()
        try await change(31, management)
        let good = try #require(disk.text("changes.yaml"))
        try await disk.fill(for: first)
        try await change(32, management)
        #expect(try await number(management) == 32)
        #expect(disk.text("changes.yaml") == good && disk.text("changes.yaml.new") == nil)
        let warning = try await first.log("the warning") { $0.message.hasPrefix("changes of the configuration last") }
        #expect(warning.fields["level"] == "warning" && warning.mentions("changes.yaml.new"))
        if kind == .fileSystem { #expect(warning.mentions("No space left on device")) }
        let trace = try await management.ask(
            "POST", "/api/v5/trace",
            #"{"name":"t","type":"clientid","clientid":"\#(String(repeating: "x", count: 200))"}"#)
        #expect(trace.status == 500 && trace.code == "INTERNAL_ERROR", "\(trace.body)")
        #expect(try await management.json("/api/v5/trace") == [])
        await first.child.end()

        // A start on the disk as it is.
        let second = try await disk.start(settings)
        let again = try await second.management()
        #expect(try await number(again) == 31)
        try await disk.fill(for: second)
        try await change(33, again)
        #expect(disk.text("changes.yaml") == good)
        try await disk.makeRoom(for: second)
        try await change(33, again)
        #expect(disk.text("changes.yaml") != good)
        await second.child.end()

        let third = try await disk.start(settings)
        #expect(try await number(try await third.management()) == 33)
        #expect(!third.logLines.contains { $0.mentions("goes on with") })
        await third.child.end()
    }

    @Test(arguments: await FullDisk.kinds())
    func `Users cannot be added on a full disk, those who are there come in, and nothing is broken`(
        kind: FullDisk.Kind
    ) async throws {
        let data = try DataFolder()
        let disk = try await FullDisk.make(kind, at: data.path("data"))
        let settings = data.settings.merging([
            "BROKER_URL": "mqtt://127.0.0.1:1", "AUTHENTICATION_BACKEND": "built_in_database",
        ]) { $1 }
        let first = try await disk.start(settings)
        let management = try await first.management()
        #expect(try await add("CP-1", management).status == 201)
        try await disk.fill(for: first)
        // The last page may have room for some.
        var users = ["CP-1"]
        var refused: HTTPReply?
        for number in 2...50 where refused == nil {
            let reply = try await add("CP-\(number)", management)
            if reply.status == 201 { users.append("CP-\(number)") } else { refused = reply }
        }
        let refusal = try #require(refused, "all were added")
        #expect(refusal.status == 503 && refusal.code == "SERVICE_UNAVAILABLE", "\(refusal.body)")
        #expect(try await self.users(management) == users.sorted())
        let rows = (100...400).map { "CP-\($0),\(Self.password),false\n" }.joined()
        let imported = try await management.ask(
            "POST", "./authentication/import_users?type=plain", headers: ["Content-Type": "text/csv"],
            body: "user_id,password,is_superuser\n\(rows)")
        #expect(imported.status == 503 && imported.code == "SERVICE_UNAVAILABLE", "\(imported.body)")
        #expect(try await self.users(management) == users.sorted())
        #expect(try await verdict("CP-1", management) == "allow")

        try await disk.makeRoom(for: first)
        #expect(try await add("CP-NEW", management).status == 201)
        users.append("CP-NEW")
        await first.child.end()
        #expect(try await integrity(of: disk.path("users.sqlite3")) == "ok")
        let second = try await disk.start(settings)
        let again = try await second.management()
        #expect(try await self.users(again) == users.sorted())
        for user in users { #expect(try await verdict(user, again) == "allow") }
        await second.child.end()
    }

    private func add(_ user: String, _ management: ManagementClient) async throws -> HTTPReply {
        try await management.ask(
            "POST", "./authentication/users", #"{"user_id":"\#(user)","password":"\#(Self.password)"}"#)
    }

    private func users(_ management: ManagementClient) async throws -> [String] {
        try await management.json("./authentication/users?limit=1000")["data"].elements
            .compactMap { $0["user_id"].string }.sorted()
    }

    private func verdict(_ user: String, _ management: ManagementClient) async throws -> JSONValue {
        try await management.change(
            "POST", "./authentication/test",
            #"{"clientid":"\#(user)","username":"\#(user)","password":"\#(Self.password)"}"#, gives: 200)["result"]
    }

    /// By somebody else's SQLite.
    private func integrity(of file: String) async throws -> String {
        let program = """
            import sqlite3, sys
            print(sqlite3.connect(sys.argv[1]).execute("PRAGMA integrity_check").fetchone()[0])
            """
        return try await run("python3", ["-c", program, file])
    }
}
