import Glibc
import TestSupport
import Testing

/// management.md, "Health", as a load balancer and a container see it.
@Suite struct ManagedHealthTests {
    @Test func `A gateway that works is alive, ready and running, and shows no version to strangers`() async throws {
        try await withManagedSite(["BROKER_CLIENT_ID": "gw1"]) { managed in
            let stranger = managed.management.with(key: nil)
            try await eventually("the broker link") { try await stranger.get("/readyz").status == 200 }
            let alive = try await stranger.get("/healthz")
            #expect(alive.status == 200 && alive.body == "ok")
            let ready = try await stranger.get("/readyz")
            #expect(
                try ready.json == [
                    "ready": true,
                    "checks": ["listeners": "ok", "broker": "ok", "authentication": "ok", "draining": "no"],
                ])
            #expect(ready.headers["content-type"] == "application/json")
            for path in ["/status", "/api/v5/status"] {
                let status = try await stranger.get(path)
                #expect(status.status == 200)
                #expect(status.body == "Node gw1 is started\nocpp-gateway is running")
                #expect(
                    try await stranger.json(path + "?format=json") == [
                        "node_name": "gw1", "broker_status": "started", "app_status": "running",
                    ])
            }
            let head = try await stranger.ask("HEAD", "/healthz")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test func `Before the first broker link it is not ready, and alive`() async throws {
        let port = try freePort()
        try await withManagedSite(["BROKER_URL": "mqtt://127.0.0.1:\(port)"]) { managed in
            let stranger = managed.management.with(key: nil)
            let ready = try await stranger.get("/readyz")
            #expect(ready.status == 503)
            #expect(ready.headers["retry-after"].flatMap { Int($0) } != nil)
            #expect(try ready.json["ready"] == false)
            #expect(try ready.json["checks"]["broker"] == "down")
            let status = try await stranger.get("/status")
            #expect(status.status == 503 && status.body.hasSuffix("ocpp-gateway is not running"))
            #expect(try await stranger.get("/healthz").status == 200)
        }
    }

    @Test(arguments: [("hold", 200), ("disconnect", 503)])
    func `A broker that is killed counts only where sessions are closed over it`(outage: String, status: Int)
        async throws
    {
        try await withManagedSite(["BROKER_OUTAGE": outage, "BROKER_OUTAGE_TIMEOUT": "10m"]) { managed in
            let stranger = managed.management.with(key: nil)
            try await eventually("the broker link") { try await stranger.get("/readyz").status == 200 }
            await managed.broker.kill()
            try await eventually("the loss is seen") {
                try await stranger.get("/readyz").json["checks"]["broker"] == "down"
            }
            #expect(try await stranger.get("/readyz").status == status)
            #expect(try await stranger.get("/status").status == status)
            #expect(try await stranger.get("/healthz").status == 200)
            try await managed.broker.start()
            try await eventually("the broker link") {
                let ready = try await stranger.get("/readyz")
                return try ready.status == 200 && ready.json["checks"]["broker"] == "ok"
            }
        }
    }

    @Test func `An authentication backend that is away is named, and does not count`() async throws {
        let port = try freePort()
        let settings = [
            "AUTHENTICATION_BACKEND": "http", "AUTHENTICATION_URL": "http://127.0.0.1:\(port)/auth",
            "AUTHENTICATION_METHOD": "post",
        ]
        try await withManagedSite(settings) { managed in
            let stranger = managed.management.with(key: nil)
            try await eventually("the broker link") { try await stranger.get("/readyz").status == 200 }
            try await eventually("the backend is known to be away") {
                let (client, answer) = try await ChargePointClient.open(port: managed.site.port, identity: "CP-1")
                await client.cut()
                #expect(answer.status == 503)
                return try await stranger.get("/readyz").json["checks"]["authentication"] == "down"
            }
            let ready = try await stranger.get("/readyz")
            #expect(ready.status == 200)
            #expect(try ready.json["ready"] == true)
            #expect(try await managed.management.json("./authentication")["status"] == "disconnected")
        }
    }

    @Test func `A draining gateway is not ready, says so, and is changed no more`() async throws {
        try await withManagedSite(["SHUTDOWN_DRAIN_TIME": "10m"]) { managed in
            // Sessions are spread over the time; some of these go late.
            for number in 1...8 { _ = try await managed.site.connectReady("CP-\(number)") }
            let stranger = managed.management.with(key: nil)
            managed.gateway.child.send(signal: SIGTERM)
            try await eventually("it drains") {
                try await stranger.get("/readyz").json["checks"]["draining"] == "yes"
            }
            let ready = try await stranger.get("/readyz")
            #expect(ready.status == 503)
            #expect(ready.headers["retry-after"] != nil)
            #expect(try await stranger.get("/status").status == 503)
            #expect(try await stranger.get("/healthz").status == 200)
            let change = try await managed.management.ask("PUT", "/api/v5/configs", #"{"log.level":"debug"}"#)
            #expect(change.status == 503 && change.code == "SERVICE_UNAVAILABLE")
            #expect(try await managed.management.json("./clients")["meta"]["count"].int ?? 0 > 0)
        }
    }

    @Test func `Without a listener that runs it is not ready`() async throws {
        try await withManagedSite { managed in
            try await eventually("the broker link") { try await managed.management.get("/readyz").status == 200 }
            try await managed.management.change("POST", "./listeners/ocpp:ws:default/stop", gives: 200)
            let ready = try await managed.management.get("/readyz")
            #expect(ready.status == 503)
            #expect(try ready.json["checks"]["listeners"] == "down")
            try await managed.management.change("POST", "./listeners/ocpp:ws:default/start", gives: 200)
            #expect(try await managed.management.get("/readyz").status == 200)
        }
    }
}
