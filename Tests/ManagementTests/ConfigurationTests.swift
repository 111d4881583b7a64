import Management
import TestSupport
import Testing

@Suite struct `management.md, Configuration at run time` {
    @Test func `Every key has its value, its default, where it comes from, and what lies beneath`() async throws {
        try await withManagement { management async throws in
            let one = try await management.get("/api/v5/configs?keys=mountpoint")
            #expect(one.body == #"{"mountpoint":{"value":"ocpp/","default":"ocpp/","source":"default"}}"#)
            let all = try await management.get("/api/v5/configs").json
            #expect(all.members?.count == 6)
            #expect(
                all["upstream.answer_timeout"] == ["value": "20s", "default": "25s", "source": "file"])
            #expect(all["dnstream.call_timeout"]?["source"] == "environment")
            #expect(try await management.get("/api/v5/configs?keys=nonsense").status == 404)
        }
    }

    @Test func `A change counts over the file, shows what the file says, and is taken back`() async throws {
        try await withManagement { management async throws in
            let changed = try await management.request(
                "PUT", "/api/v5/configs", json: #"{"upstream.answer_timeout":"10s","log.level":"debug"}"#)
            #expect(changed.status == 200)
            #expect(
                changed.json["upstream.answer_timeout"]
                    == ["value": "10s", "default": "25s", "source": "change", "file": "20s"])
            #expect(changed.json["log.level"]?["value"] == "debug")
            #expect(try await management.request("DELETE", "/api/v5/configs/upstream.answer_timeout").status == 204)
            let back = try await management.get("/api/v5/configs?keys=upstream.answer_timeout").json
            #expect(back["upstream.answer_timeout"]?["source"] == "file")
            #expect(try await management.request("DELETE", "/api/v5/configs/nonsense").status == 404)
        }
    }

    @Test func `The answer has the changed keys with dots, however they were nested`() async throws {
        try await withManagement { management async throws in
            for body in [
                #"{"upstream":{"answer_timeout":"10s"},"log.level":"debug"}"#,
                #"{"upstream":{"answer_timeout":null},"log":{"level":null}}"#, #"{"upstream":null,"log":null}"#,
            ] {
                let changed = try await management.request("PUT", "/api/v5/configs", json: body)
                let keys = changed.json.members?.map(\.key).sorted()
                #expect(keys == ["log.level", "upstream.answer_timeout"], "\(body)")
            }
        }
    }

    @Test(.timeLimit(.minutes(4)))
    func `A change that takes longer than its request is a line of the log when it is done`() async throws {
        let (done, release) = AsyncStream<Void>.makeStream()
        let gateway = FakeGateway()
        await gateway.hold { await Task { for await _ in done { break } }.value }
        try await withManagement(gateway) {
            $0.limits.requestTime = .seconds(3)
        } _: { management async throws in
            var late: Reply
            repeat {
                late = try await management.request("PUT", "/api/v5/configs", json: #"{"log.level":"debug"}"#)
                // This test, not the gateway, stood still for so long.
            } while late.status == 408
            #expect(late.status == 503)
            #expect(management.log.all.contains { $0.contains(" management ") && $0.contains("status=503") })
            #expect(!management.log.all.contains { $0.contains("status=200") })
            release.yield()
            try await eventually("the line of the change") {
                management.log.all.contains {
                    $0.contains("status=200") && $0.contains(#"changed={"log.level":"debug"}"#)
                        && $0.contains("key=ops") && $0.contains("request=PUT /api/v5/configs")
                }
            }
        }
    }

    @Test func `Changes are lines of the log whatever its level, and nothing else is`() async throws {
        try await withManagement(level: .critical) { management async throws in
            let reply = try await management.request("PUT", "/api/v5/configs", json: #"{"log.level":"debug"}"#)
            #expect(reply.status == 200)
            _ = try await management.get("/api/v5/configs", key: "ops:guess")
            #expect(management.log.all.count == 1)
            #expect(management.log.all.first?.hasPrefix("info management changed=") == true)
        }
    }

    @Test func `A key of the environment is CONFIG_FIXED, and one bad value changes nothing`() async throws {
        try await withManagement { management async throws in
            for (method, path, body) in [
                ("PUT", "/api/v5/configs", #"{"log.level":"debug","dnstream.call_timeout":"1s"}"#),
                ("DELETE", "/api/v5/configs/dnstream.call_timeout", "{}"),
            ] {
                let reply = try await management.request(method, path, json: body)
                #expect(reply.status == 409)
                #expect(reply.code == "CONFIG_FIXED")
                #expect(reply.message.contains("DNSTREAM_CALL_TIMEOUT"))
            }
            let bad = try await management.request(
                "PUT", "/api/v5/configs", json: #"{"log.level":"debug","mountpoint":"nonsense"}"#)
            #expect(bad.status == 400)
            let restart = try await management.request("PUT", "/api/v5/configs", json: #"{"broker.url":"mqtt://x"}"#)
            #expect(restart.message.contains("after a restart"))
            #expect(try await management.get("/api/v5/configs?keys=log.level").json["log.level"]?["value"] == "info")
        }
    }

    @Test func `Secrets are hidden, in URLs too, and a mark that is sent back changes nothing`() async throws {
        try await withManagement { management async throws in
            let reply = try await management.get("/api/v5/configs")
            #expect(reply.json["broker.password"]?["value"] == "******")
            #expect(reply.json["broker.url"]?["value"] == "mqtt://gw:******@broker:1883")
            #expect(!reply.body.contains("hunter2") && !reply.body.contains("s3cret"))
            let same = try await management.request("PUT", "/api/v5/configs", json: #"{"broker.password":"******"}"#)
            #expect(same.status == 200)
        }
    }
}
