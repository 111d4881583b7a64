import Management
import TestSupport
import Testing

@Suite struct `management.md, Errors` {
    @Test func `A path that is not there is 404, as JSON`() async throws {
        try await withManagement { management async throws in
            for path in [
                "/nothing", "/api/v5/nothing", "/api/v5/gateways/coap", "/api/v5/gateways/coap/clients", "/%00",
            ] {
                let reply = try await management.get(path)
                #expect(reply.status == 404, "\(path)")
                #expect(reply.code == "RESOURCE_NOT_FOUND")
                #expect(reply.headers["content-type"] == "application/json")
            }
            #expect(try await management.get("/nothing", key: nil).status == 404)
            #expect(try await management.get("/api/v5/nothing", key: nil).status == 401)
        }
    }

    @Test func `Another method is 405 with Allow`() async throws {
        try await withManagement { management async throws in
            let reply = try await management.request("PATCH", "/api/v5/gateways/ocpp")
            #expect(reply.status == 405)
            #expect(reply.code == "METHOD_NOT_ALLOWED")
            #expect(reply.headers["allow"] == "GET, PUT")
            #expect(try await management.request("POST", "/healthz", key: nil).status == 405)
        }
    }

    @Test func `Another media type is 415, and no JSON is 400`() async throws {
        try await withManagement { management async throws in
            let text = try await management.request(
                "PUT", "/api/v5/configs", headers: ["Content-Type": "text/plain"], body: "{}")
            #expect(text.status == 415)
            #expect(text.code == "UNSUPPORTED_MEDIA_TYPE")
            for body in ["", "{", "[1]", #"{"a":1,"a":2}"#, "\u{FEFF}{}", String(repeating: "[", count: 100)] {
                let reply = try await management.request("PUT", "/api/v5/configs", json: body)
                #expect(reply.status == 400, "\(body)")
                #expect(reply.code == "BAD_REQUEST")
            }
        }
    }

    @Test func `A body that is too large is 413`() async throws {
        try await withManagement { management async throws in
            let large = String(repeating: " ", count: 1024 * 1024 + 1)
            let reply = try await management.request("PUT", "/api/v5/configs", json: large)
            #expect(reply.status == 413)
            #expect(reply.code == "PAYLOAD_TOO_LARGE")
            let chunked = try await HTTPConnection(to: management.address)
            defer { chunked.close() }
            try await chunked.send(
                management.text(
                    "PUT", "/api/v5/configs",
                    headers: ["Transfer-Encoding": "chunked", "Content-Type": "application/json"]))
            let chunk = "10000\r\n" + String(repeating: " ", count: 65_536) + "\r\n"
            for _ in 1...17 { try await chunked.send(chunk) }
            #expect(try await chunked.reply().status == 413)
        }
    }

    @Test func `A JSON body that nobody has asked for is ignored`() async throws {
        try await withManagement { management async throws in
            #expect(try await management.request("GET", "/api/v5/gateways", json: "{nonsense").status == 200)
        }
    }

    @Test func `page and limit out of bounds are INVALID_PARAMETER`() async throws {
        try await withManagement { management async throws in
            for query in ["page=0", "page=x", "limit=0", "limit=10001", "limit=", "page=99999999999999999999"] {
                let reply = try await management.get("/api/v5/gateways/ocpp/clients?\(query)")
                #expect(reply.status == 400, "\(query)")
                #expect(reply.code == "INVALID_PARAMETER")
            }
            #expect(try await management.get("/api/v5/gateways/ocpp/clients?clientid=%FF").code == "BAD_REQUEST")
        }
    }
}
