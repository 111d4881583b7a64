import NIOCore
import TestSupport
import Testing

@testable import Management

@Suite struct `management.md, Places for connections` {
    @Test func `Sixty-four who say nothing take health and a key's requests away from nobody`() async throws {
        try await withManagement(FakeGateway()) {
            $0.limits.requestTime = .minutes(10)
        } _: { management async throws in
            var silent: [HTTPConnection] = []
            for _ in 1...64 { silent.append(try await HTTPConnection(to: management.address)) }
            for path in ["/healthz", "/readyz"] {
                #expect(try await management.get(path, key: nil).status == 200, "\(path)")
            }
            try await eventually("a place") { (try? await management.get("/api/v5/whoami"))?.status == 200 }
            for connection in silent { connection.close() }
        }
    }

    @Test func `Where all have a key's request under way, the next is told so, health is answered, and they go on`()
        async throws
    {
        try await withManagement(FakeGateway()) {
            $0.limits.requestTime = .minutes(10)
        } _: { management async throws in
            let change = #"{"log.level":"debug"}"#
            var held: [HTTPConnection] = []
            for _ in 1...64 {
                let connection = try await HTTPConnection(to: management.address)
                try await connection.send(
                    management.text(
                        "PUT", "/api/v5/configs",
                        headers: [
                            "Content-Length": String(change.utf8.count), "Content-Type": "application/json",
                            "Expect": "100-continue",
                        ]))
                #expect(try await connection.streamHead() == 100)
                held.append(connection)
            }
            let refused = try await management.get("/api/v5/whoami")
            #expect(refused.status == 503)
            #expect(refused.code == "SERVICE_UNAVAILABLE")
            for path in ["/healthz", "/readyz"] {
                let reply = try await management.get(path, key: nil)
                #expect(reply.status == 200, "\(path)")
                #expect(reply.headers["connection"] == "close")
            }
            for connection in held {
                try await connection.send(change)
                #expect(try await connection.reply().status == 200)
                connection.close()
            }
        }
    }

    private let start = NIODeadline.now()

    private func table(_ limit: Int = 8) -> PlaceTable<Int> { PlaceTable(limit: limit, patience: .seconds(1)) }

    @Test func `Who has been idle the longest makes room, and nobody within a second`() {
        var table = table()
        for id in 0..<8 {
            #expect(
                table.admit(id, from: "a\(id)", now: start + .milliseconds(Int64(id))) == .admitted(insteadOf: nil))
        }
        #expect(table.admit(8, from: "b", now: start + .milliseconds(999)) == .full)
        table.began(0, hasKey: false, now: start + .milliseconds(500))
        table.ended(0, now: start + .milliseconds(600))
        #expect(table.admit(9, from: "b", now: start + .milliseconds(1002)) == .admitted(insteadOf: 1))
        table.left(5)
        #expect(table.admit(10, from: "b", now: start + .milliseconds(1002)) == .admitted(insteadOf: nil))
    }

    @Test func `An address with more than a quarter of the places makes room first`() {
        var table = table()
        for id in 0..<5 { _ = table.admit(id, from: "quiet \(id)", now: start) }
        for id in 5..<8 { _ = table.admit(id, from: "greedy", now: start + .milliseconds(500 + Int64(id))) }
        #expect(table.admit(8, from: "new", now: start + .seconds(2)) == .admitted(insteadOf: 5))
        // Two of eight are no more than a quarter.
        guard case .admitted(let other?) = table.admit(9, from: "new", now: start + .seconds(2)) else {
            Issue.record("nobody made room")
            return
        }
        #expect(other < 5)
    }

    @Test func `Who comes again and again has the places of its own address alone`() {
        var table = table()
        _ = table.admit(0, from: "quiet", now: start)
        for id in 1..<8 { _ = table.admit(id, from: "greedy", now: start + .milliseconds(Int64(id))) }
        let soon = start + .milliseconds(10)
        #expect(table.admit(8, from: "greedy", now: soon) == .full)
        #expect(table.admit(9, from: "other", now: soon) == .admitted(insteadOf: 1))
        #expect(table.admit(10, from: "greedy", now: soon) == .full)
        #expect(table.admit(11, from: "greedy", now: start + .seconds(2)) == .admitted(insteadOf: 2))
    }

    @Test func `A key's request is never cut off, and its idle connection goes last`() {
        var table = table(2)
        for id in 0..<2 {
            _ = table.admit(id, from: "a", now: start)
            table.began(id, hasKey: true, now: start)
        }
        #expect(table.admit(2, from: "b", now: start + .hours(1)) == .full)
        table.ended(0, now: start + .seconds(1))
        #expect(table.admit(2, from: "b", now: start + .seconds(2)) == .admitted(insteadOf: 0))
        table.ended(1, now: start + .seconds(2))
        #expect(table.admit(3, from: "b", now: start + .seconds(3)) == .admitted(insteadOf: 2))
        // A request without a key is one, whoever sent those before.
        table.began(1, hasKey: false, now: start + .seconds(3))
        table.began(3, hasKey: true, now: start + .seconds(3))
        #expect(table.admit(4, from: "b", now: start + .seconds(4)) == .admitted(insteadOf: 1))
    }
}
