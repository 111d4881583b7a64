import Management
import TestSupport
import Testing

@Suite struct `management.md, Events and frames` {
    private static let base = "/api/v5/gateways/ocpp"

    /// A stream that has begun.
    private func open(_ path: String, _ management: RunningManagement) async throws -> HTTPConnection {
        let connection = try await HTTPConnection(to: management.address)
        try await connection.send(management.text("GET", path, key: RunningManagement.viewer))
        #expect(try await connection.streamHead() == 200)
        #expect(try await connection.chunk() == ": connected\n\n")
        return connection
    }

    @Test func `The frames of one charge point come both ways, and end with its session`() async throws {
        try await withManagement { management async throws in
            let key = await management.gateway.connect("CP1")
            let other = await management.gateway.connect("CP2")
            let stream = try await open(Self.base + "/clients/CP1/messages", management)
            await management.gateway.say("[2,\"0\",\"Heartbeat\",{}]", .up, of: other)
            await management.gateway.say("[2,\"1\",\"Heartbeat\",{}]", .up, of: key)
            let up = try await stream.chunk() ?? ""
            #expect(up.hasPrefix("event: message\ndata: {\"time\":\""))
            #expect(up.hasSuffix(#""direction":"up","frame":"[2,\"1\",\"Heartbeat\",{}]"}"# + "\n\n"))
            await management.gateway.say("[3,\"1\",{}]", .down, of: key)
            #expect(try await stream.chunk()?.contains(#""direction":"down""#) == true)
            await management.gateway.disconnect(key)
            #expect(try await stream.chunk() == nil)
            try await stream.closed()
            await management.gateway.watched(by: 0)
            #expect(try await management.get(Self.base + "/clients/nobody/messages").status == 404)
        }
    }

    @Test func `Events come by type and by charge point`() async throws {
        try await withManagement { management async throws in
            let stream = try await open(Self.base + "/events?types=refused,bad_message&clientid=CP1", management)
            await management.gateway.happen(GatewayEvent(kind: .connected, identity: "CP1", content: ["a": 1]))
            await management.gateway.happen(GatewayEvent(kind: .refused, identity: "CP2", content: ["a": 2]))
            await management.gateway.happen(GatewayEvent(kind: .stats, identity: nil, content: ["a": 3]))
            await management.gateway.happen(
                GatewayEvent(kind: .badMessage, identity: "CP1", content: ["clientid": "CP1", "error": "x\ny"]))
            #expect(
                try await stream.chunk() == "event: bad_message\ndata: {\"clientid\":\"CP1\",\"error\":\"x\\ny\"}\n\n")
            #expect(try await management.get(Self.base + "/events?types=weather").status == 400)
            stream.close()
            await management.gateway.watched(by: 0)
        }
    }

    @Test func `A reader that is 256 events behind is told so and closed, and holds up nobody`() async throws {
        try await withManagement { management async throws in
            let slow = try await open(Self.base + "/events", management)
            let fast = try await open(Self.base + "/events?types=stats", management)
            try await slow.setReading(false)
            // More than the sockets' buffers and 256 events can hold.
            let large = String(repeating: "x", count: 60_000)
            for number in 0..<600 {
                await management.gateway.happen(
                    GatewayEvent(
                        kind: .report, identity: nil, content: ["n": .integer(number), "text": .string(large)]))
            }
            await management.gateway.happen(GatewayEvent(kind: .stats, identity: nil, content: ["sessions": 3]))
            #expect(try await fast.chunk() == "event: stats\ndata: {\"sessions\":3}\n\n")
            try await slow.setReading(true)
            var last = ""
            while let chunk = try await slow.chunk() { last = String(chunk.suffix(40)) }
            #expect(last.hasSuffix("event: overflow\ndata: {}\n\n"))
            try await slow.closed()
            await management.gateway.watched(by: 1)
            fast.close()
        }
    }

    @Test func `The seventeenth stream is 503, and a stream that goes makes room`() async throws {
        try await withManagement { management async throws in
            var streams: [HTTPConnection] = []
            for _ in 1...16 { streams.append(try await open(Self.base + "/events", management)) }
            let refused = try await management.get(Self.base + "/events")
            #expect(refused.status == 503)
            #expect(refused.code == "SERVICE_UNAVAILABLE")
            #expect(refused.headers["retry-after"] != nil)
            streams[0].close()
            await management.gateway.watched(by: 15)
            let next = try await open(Self.base + "/events", management)
            next.close()
            for stream in streams { stream.close() }
        }
    }

    @Test func `A thousand streams are bounded and answered, and health still is`() async throws {
        try await withManagement { management async throws in
            var held: [HTTPConnection] = []
            for _ in 1...16 { held.append(try await open(Self.base + "/events", management)) }
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 1...984 {
                    group.addTask {
                        do {
                            return try await management.get(Self.base + "/events").status
                        } catch {
                            return 0  // closed: beyond what is answered
                        }
                    }
                }
                for try await status in group { #expect(status == 503 || status == 0) }
            }
            #expect(await management.gateway.watchCount == 16)
            #expect(try await management.get("/healthz", key: nil).status == 200)
            for stream in held { stream.close() }
        }
    }

    @Test func `An orderly stop ends streams at once`() async throws {
        let stream = try await withManagement { management async throws in
            try await open(Self.base + "/events", management)
        }
        try await stream.closed()
    }
}
