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
            // Longer than a busy machine stands still between a connect and what is sent on it.
            $0.limits.requestTime = .seconds(3)
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

    @Test func `What waits in one connection is answered in turn, one after the other`() async throws {
        try await withManagement { management async throws in
            let connection = try await HTTPConnection(to: management.address)
            defer { connection.close() }
            try await connection.send(
                management.text("GET", "/healthz", key: nil) + management.text("GET", "/api/v5/whoami"))
            #expect(try await connection.reply().body == "ok")
            #expect(try await connection.reply().json["key"] == "ops")
        }
    }

    @Test func `An upload without a key is answered, and not read to its end`() async throws {
        try await withManagement { management async throws in
            for length in [["Content-Length": "64000000"], ["Transfer-Encoding": "chunked"]] {
                let connection = try await HTTPConnection(to: management.address)
                try await connection.send(
                    management.text(
                        "POST", "/api/v5/gateways/ocpp/authentication/import_users", key: nil,
                        headers: length.merging(["Content-Type": "text/csv"]) { one, _ in one }))
                if length.keys.contains("Transfer-Encoding") { try await connection.send("3d09000\r\n") }
                let reply = try await connection.reply()
                #expect(reply.status == 401)
                #expect(reply.headers["connection"] == "close")
                let piece = ByteBuffer(repeating: 0x20, count: 1_000_000)
                var sent = 0
                do {
                    while sent < 64 {
                        try await connection.send(piece)
                        sent += 1
                    }
                } catch {}
                // What the two sockets hold, at the most.
                #expect(sent < 32)
                try await connection.closed()
            }
        }
    }

    @Test func `Who sends all of too large an import before reading hears so, and is not cut off`() async throws {
        try await withManagement { management async throws in
            let connection = try await HTTPConnection(to: management.address)
            try await connection.send(
                management.text(
                    "POST", "/api/v5/gateways/ocpp/authentication/import_users",
                    headers: ["Content-Length": "70000000", "Content-Type": "text/csv"]))
            let piece = ByteBuffer(repeating: 0x20, count: 1_000_000)
            for _ in 0..<70 { try await connection.send(piece) }
            #expect(try await connection.reply().status == 413)
            try await connection.closed()
        }
    }

    @Test func `Two Hosts are 400, the same one twice too`() async throws {
        try await withManagement { management async throws in
            for second in ["evil.example", "127.0.0.1:\(management.address.port ?? 0)"] {
                let reply = try await management.request("GET", "/healthz", headers: ["host": second])
                #expect(reply.status == 400, "\(second)")
                #expect(reply.message.contains("Host"))
            }
        }
    }

    @Test func `A multipart body of a great many parts is 400`() async throws {
        let gateway = FakeGateway()
        _ = try await gateway.createAuthenticator(["backend": "built_in_database"])
        try await withManagement(gateway) { management async throws in
            let reply = try await management.request(
                "POST", "/api/v5/gateways/ocpp/authentication/import_users",
                headers: ["Content-Type": "multipart/form-data; boundary=b"],
                body: String(repeating: "--b\r\n\r\n\r\n", count: 100_000) + "--b--")
            #expect(reply.status == 400)
            #expect(reply.message.contains("more than 16 parts"))
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
