import Management
import NIOCore
import TestSupport
import Testing

@Suite struct `management.md, Bounds` {
    @Test func `A body of two gigabytes is refused before it comes`() async throws {
        try await withManagement { management async throws in
            for path in ["/api/v5/configs", "/api/v5/gateways/ocpp/authentication/import_users"] {
                let connection = try await HTTPConnection(to: management.address)
                let method = path.hasSuffix("configs") ? "PUT" : "POST"
                try await connection.send(
                    management.text(
                        method, path,
                        headers: ["Content-Length": "2147483648", "Content-Type": "application/json"]))
                let reply = try await connection.reply()
                #expect(reply.status == 413)
                #expect(reply.headers["connection"] == "close")
                // What is sent all the same goes nowhere, and not for long.
                let piece = ByteBuffer(repeating: 0x20, count: 1024 * 1024)
                do {
                    while true { try await connection.send(piece) }
                } catch {}
                try await connection.closed()
            }
        }
    }

    @Test func `Headers beyond 16 KB are refused, many or large`() async throws {
        try await withManagement { management async throws in
            let large = ["X-Large": String(repeating: "x", count: 17_000)]
            let one = try await management.request("GET", "/healthz", key: nil, headers: large)
            #expect(one.status == 431)
            #expect(one.code == "BAD_REQUEST")
            var many: [String: String] = [:]
            for number in 0..<300 { many["X-\(number)"] = String(repeating: "y", count: 100) }
            #expect(try await management.request("GET", "/healthz", key: nil, headers: many).status == 431)
            #expect(try await management.get("/healthz", key: nil).status == 200)
        }
    }

    @Test func `What is no HTTP is 400`() async throws {
        try await withManagement { management async throws in
            let connection = try await HTTPConnection(to: management.address)
            try await connection.send("\u{16}\u{3}\u{1}nonsense\r\n\r\n")
            #expect(try await connection.reply().status == 400)
            try await connection.closed()
        }
    }

    @Test func `Who sends a request too slowly gets 408`() async throws {
        try await withManagement(FakeGateway()) {
            $0.limits.requestTime = .milliseconds(200)
        } _: { management async throws in
            let head = try await HTTPConnection(to: management.address)
            try await head.send("GET /healthz HT")
            #expect(try await head.reply().status == 408)
            try await head.closed()
            let body = try await HTTPConnection(to: management.address)
            try await body.send(
                management.text("PUT", "/api/v5/configs", headers: ["Content-Length": "100"]) + "{")
            #expect(try await body.reply().status == 408)
            try await body.closed()
            let idle = try await HTTPConnection(to: management.address)
            try await idle.send(management.text("GET", "/healthz", key: nil))
            #expect(try await idle.reply().status == 200)
            try await idle.closed()
        }
    }

    @Test func `The sixty-fifth connection is told so`() async throws {
        try await withManagement { management async throws in
            var held: [HTTPConnection] = []
            for _ in 1...64 {
                let connection = try await HTTPConnection(to: management.address)
                try await connection.send(management.text("GET", "/healthz", key: nil))
                #expect(try await connection.reply().status == 200)
                held.append(connection)
            }
            let surplus = try await HTTPConnection(to: management.address)
            try await surplus.send(management.text("GET", "/healthz", key: nil))
            let reply = try await surplus.reply()
            #expect(reply.status == 503)
            #expect(reply.code == "SERVICE_UNAVAILABLE")
            held[0].close()
            surplus.close()
            // Those that wait in one connection are answered in turn.
            try await held[1].send(
                management.text("GET", "/healthz", key: nil) + management.text("GET", "/api/v5/whoami"))
            #expect(try await held[1].reply().body == "ok")
            #expect(try await held[1].reply().json["key"] == "ops")
            for connection in held { connection.close() }
        }
    }

    @Test func `An answer that is early leaves the connection fit for the next request`() async throws {
        try await withManagement { management async throws in
            let connection = try await HTTPConnection(to: management.address)
            defer { connection.close() }
            let refused = management.text("POST", "/healthz", key: nil, json: String(repeating: " ", count: 100_000))
            try await connection.send(refused)
            #expect(try await connection.reply().status == 405)
            try await connection.send(management.text("GET", "/healthz", key: nil))
            #expect(try await connection.reply().status == 200)
        }
    }
}
