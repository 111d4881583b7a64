import Authentication
import Management
import NIOCore
import OutsideNames
import TestSupport
import Testing

@Suite struct `management.md, What is cut off` {
    private static let imports = "/api/v5/gateways/ocpp/authentication/import_users?type=plain"
    /// The last row's password goes on in what does not come.
    private static let part = "user_id,password\nCP1,0123456789abcdef\nCP2,01234"

    private func withUsers(
        requestTime: TimeAmount = .minutes(10),
        _ body: @escaping @Sendable (RunningManagement, FakeUserStore) async throws -> Void
    ) async throws {
        let gateway = FakeGateway()
        _ = try await gateway.createAuthenticator(["backend": "built_in_database"])
        let store = try #require(await gateway.userStore)
        try await withManagement(gateway) {
            $0.limits.requestTime = requestTime
        } _: { management in
            try await body(management, store)
        }
    }

    /// The head of an import, and a part of what it announces.
    private func beginning(chunked: Bool, _ management: RunningManagement) -> String {
        let length = chunked ? ["Transfer-Encoding": "chunked"] : ["Content-Length": "1000"]
        let head = management.text(
            "POST", Self.imports, headers: length.merging(["Content-Type": "text/csv"]) { one, _ in one })
        return head + (chunked ? "3e8\r\n" : "") + Self.part
    }

    /// The log's line about the import number `count`, and nobody has been imported.
    private func expectNothing(_ count: Int, _ management: RunningManagement, _ store: FakeUserStore) async throws {
        func lines() -> [String] { management.log.all.filter { $0.contains("import_users") } }
        try await eventually("the import's end") { lines().count == count }
        #expect(lines().allSatisfy { $0.contains("status=400") && $0.contains("ended in the middle") })
        #expect(await store.users(UserQuery()).count == 0)
    }

    @Test(arguments: [false, true])
    func `An import whose client goes in the middle imports nobody`(chunked: Bool) async throws {
        try await withUsers { management, store async throws in
            let gone = try await HTTPConnection(to: management.address)
            try await gone.send(beginning(chunked: chunked, management))
            gone.close()
            try await expectNothing(1, management, store)
        }
    }

    @Test(arguments: [false, true])
    func `An import whose client sends no more imports nobody, and is told so`(chunked: Bool) async throws {
        try await withUsers { management, store async throws in
            let silent = try await HTTPConnection(to: management.address)
            try await silent.send(beginning(chunked: chunked, management))
            try await silent.finishSending()
            let reply = try await silent.reply()
            #expect(reply.status == 400)
            #expect(reply.message.contains("ended in the middle"))
            try await silent.closed()
            try await expectNothing(1, management, store)
        }
    }

    @Test func `An import that does not come in time, or is no HTTP in its middle, imports nobody`() async throws {
        // Longer than a busy machine stands still between a connect and what is sent on it.
        try await withUsers(requestTime: .seconds(3)) { management, store async throws in
            let slow = try await HTTPConnection(to: management.address)
            try await slow.send(beginning(chunked: false, management))
            #expect(try await slow.reply().status == 408)
            try await slow.closed()
            let broken = try await HTTPConnection(to: management.address)
            let size = String(Self.part.utf8.count, radix: 16)
            let text = beginning(chunked: true, management).replacing("3e8", with: size)
            try await broken.send(text + "\r\nnonsense\r\n")
            #expect(try await broken.reply().status == 400)
            try await broken.closed()
            try await expectNothing(2, management, store)
        }
    }

    @Test func `A change whose client goes in the middle changes nothing, complete as it looks`() async throws {
        try await withManagement { management async throws in
            let connection = try await HTTPConnection(to: management.address)
            try await connection.send(
                management.text(
                    "PUT", "/api/v5/configs", headers: ["Content-Length": "100", "Content-Type": "application/json"])
                    + #"{"log.level":"debug"}"#)
            connection.close()
            try await eventually("the log's line") {
                management.log.all.contains { $0.contains("PUT /api/v5/configs") }
            }
            let level = try await management.get("/api/v5/configs?keys=log.level").json["log.level"]
            #expect(level?["source"] == "default")
        }
    }

    @Test func `100 Continue waits until no other answer is open or due`() async throws {
        try await withManagement { management async throws in
            let change = #"{"log.level":"debug"}"#
            let expecting = management.text(
                "PUT", "/api/v5/configs",
                headers: [
                    "Content-Length": String(change.utf8.count), "Content-Type": "application/json",
                    "Expect": "100-continue",
                ])
            let stream = try await HTTPConnection(to: management.address)
            try await stream.send(management.text("GET", "/api/v5/gateways/ocpp/events?types=stats") + expecting)
            #expect(try await stream.streamHead() == 200)
            #expect(try await stream.chunk() == ": connected\n\n")
            await management.gateway.happen(GatewayEvent(kind: .stats, identity: nil, content: ["sessions": 3]))
            #expect(try await stream.chunk() == "event: stats\ndata: {\"sessions\":3}\n\n")
            stream.close()
            let inTurn = try await HTTPConnection(to: management.address)
            defer { inTurn.close() }
            try await inTurn.send(management.text("HEAD", "/healthz") + expecting)
            #expect(try await inTurn.streamHead() == 200)
            #expect(try await inTurn.streamHead() == 100)
            try await inTurn.send(change)
            #expect(try await inTurn.reply().status == 200)
        }
    }
}
