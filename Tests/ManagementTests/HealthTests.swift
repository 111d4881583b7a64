import Management
import Testing

@Suite struct `management.md, Health` {
    @Test func `healthz says ok, and 503 when something has not turned, whatever the broker does`() async throws {
        try await withManagement { management async throws in
            await management.gateway.update { $0.readinessNow.broker = .down }
            let alive = try await management.get("/healthz", key: nil)
            #expect(alive.status == 200)
            #expect(alive.body == "ok")
            await management.gateway.update { $0.stalled = ["event loop 2"] }
            let stalled = try await management.get("/healthz", key: nil)
            #expect(stalled.status == 503)
            #expect(stalled.body.contains("event loop 2"))
        }
    }

    @Test func `readyz names what is down, and counts listeners, broker and draining alone`() async throws {
        try await withManagement { management async throws in
            let ready = try await management.get("/readyz", key: nil)
            #expect(ready.status == 200)
            #expect(
                ready.body
                    == #"{"ready":true,"checks":{"listeners":"ok","broker":"ok","authentication":"ok","draining":"no"}}"#
            )
            await management.gateway.update { $0.readinessNow.authentication = .down }
            let backendAway = try await management.get("/readyz", key: nil)
            #expect(backendAway.status == 200)
            #expect(backendAway.json["checks"]?["authentication"] == "down")
            for change: @Sendable (inout Readiness) -> Void in [
                { $0.listeners = .down }, { $0.broker = .down }, { $0.isDraining = true },
            ] {
                await management.gateway.update {
                    $0.readinessNow = Readiness()
                    change(&$0.readinessNow)
                }
                let reply = try await management.get("/readyz", key: nil)
                #expect(reply.status == 503)
                #expect(reply.headers["retry-after"] != nil)
                #expect(reply.json["ready"] == false)
            }
            await management.gateway.update { $0.readinessNow = Readiness(broker: .down, brokerCounts: false) }
            let held = try await management.get("/readyz", key: nil)
            #expect(held.status == 200)
            #expect(held.json["checks"]?["broker"] == "down")
        }
    }

    @Test func `status has EMQX's words, and no version`() async throws {
        try await withManagement { management async throws in
            for path in ["/status", "/api/v5/status"] {
                let text = try await management.get(path, key: nil)
                #expect(text.status == 200)
                #expect(text.body == "Node gw1 is started\nocpp-gateway is running")
                let json = try await management.get(path + "?format=json", key: nil)
                #expect(json.body == #"{"node_name":"gw1","broker_status":"started","app_status":"running"}"#)
                #expect(!json.body.contains("9.9.9"))
            }
            await management.gateway.update { $0.readinessNow.isDraining = true }
            #expect(try await management.get("/status", key: nil).status == 503)
        }
    }

    @Test func `HEAD is answered like GET, without a body`() async throws {
        try await withManagement { management async throws in
            let reply = try await management.request("HEAD", "/healthz", key: nil)
            #expect(reply.status == 200)
            #expect(reply.headers["content-length"] == "2")
        }
    }
}
