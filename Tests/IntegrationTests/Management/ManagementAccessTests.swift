import Foundation
import Glibc
import TestSupport
import Testing

/// management.md, "Who may ask".
@Suite struct ManagementAccessTests {
    private static let secrets = ["operators-secret", "viewers-secret", "wrong-secret"]

    @Test func `Keys have roles, and who shows none or another one is told so`() async throws {
        try await withManagedSite { managed in
            let management = managed.management
            #expect(try await management.json("/api/v5/whoami") == ["key": "ops", "role": "administrator"])
            #expect(try await managed.viewer.json("/api/v5/whoami") == ["key": "eyes", "role": "viewer"])
            let none = try await management.with(key: nil).get("/api/v5/gateways")
            #expect(none.status == 401 && none.code == "AUTHORIZATION_HEADER_ERROR")
            #expect(none.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            let bearer = try await management.with(key: nil).ask(
                "GET", "/api/v5/gateways", headers: ["Authorization": "Bearer b3BzOm9wZXJhdG9ycy1zZWNyZXQ="])
            #expect(bearer.status == 401 && bearer.code == "AUTHORIZATION_HEADER_ERROR")
            let wrong = try await management.with(key: "ops:wrong-secret").get("/api/v5/gateways")
            #expect(wrong.status == 401 && wrong.code == "BAD_API_KEY_OR_SECRET")
            #expect(wrong.headers["www-authenticate"]?.hasPrefix("Basic") == true)
            try await managed.gateway.log("the failure") {
                $0.message == "management: wrong key or secret" && $0.fields["remote"] == "127.0.0.1"
            }
            let (viewer, stranger) = (managed.viewer, management.with(key: nil))
            let change = try await viewer.ask("PUT", ".", #"{"mountpoint":"x/"}"#)
            #expect(change.status == 403 && change.code == "UNAUTHORIZED_ROLE")
            for path in ["/api-docs/openapi.yaml", "/api/v5/configs", "./clients", "/api/v5/nothing"] {
                #expect(try await stranger.get(path).status == 401, "\(path)")
            }
            #expect(try await stranger.get("/").status == 200)
            #expect(try await stranger.get("/metrics").status == 200)
            for secret in Self.secrets { #expect(!managed.gateway.child.output.contains(secret)) }
        }
    }

    @Test func `Ten failures in a minute lock an address out, right keys too, and only that address`() async throws {
        try await withManagedSite(["TRUSTED_PROXIES": "127.0.0.0/8"]) { managed in
            func ask(_ key: String, from address: String) async throws -> HTTPReply {
                try await managed.management.with(key: key).ask(
                    "GET", "/api/v5/whoami", headers: ["X-Forwarded-For": address])
            }
            for number in 1...10 {
                let reply = try await ask("ops:wrong-secret", from: "203.0.113.7")
                #expect(reply.status == 401, "failure \(number)")
            }
            for key in ["ops:wrong-secret", ManagementClient.administrator] {
                let locked = try await ask(key, from: "203.0.113.7")
                #expect(locked.status == 429 && locked.code == "TOO_MANY_REQUESTS")
                #expect(locked.headers["retry-after"] == "60")
            }
            #expect(try await ask(ManagementClient.administrator, from: "203.0.113.8").status == 200)
            #expect(try await managed.management.with(key: nil).get("/healthz").status == 200)
            #expect(
                managed.gateway.logLines.count {
                    $0.message == "management: wrong key or secret" && $0.fields["remote"] == "203.0.113.7"
                } == 10)
        }
    }

    @Test func `Without proxies it is the peer's own address that is locked out`() async throws {
        try await withManagedSite { managed in
            for number in 1...10 {
                // What a stranger says of himself counts for nothing.
                let reply = try await managed.management.with(key: "ops:wrong-secret").ask(
                    "GET", "/api/v5/whoami", headers: ["X-Forwarded-For": "203.0.113.\(number)"])
                #expect(reply.status == 401)
            }
            #expect(try await managed.management.get("/api/v5/whoami").status == 429)
        }
    }

    @Test func `A page of somebody else gets nothing, whatever it shows`() async throws {
        try await withManagedSite { managed in
            let (management, port) = (managed.management, managed.management.port)
            for path in ["/metrics", "/api/v5/whoami", "/healthz"] {
                let foreign = try await management.ask("GET", path, headers: ["Origin": "https://example.org"])
                #expect(foreign.status == 403 && foreign.code == "FOREIGN_ORIGIN", "\(path)")
                let null = try await management.ask("GET", path, headers: ["Origin": "null"])
                #expect(null.status == 403, "\(path)")
                let name = "attacker.example:\(port)"
                let rebound = try await management.ask(
                    "GET", path, headers: ["Host": name, "Origin": "http://\(name)"])
                #expect(rebound.status == 403 && rebound.code == "FOREIGN_ORIGIN", "\(path)")
                for own in ["127.0.0.1", "localhost"] {
                    let reply = try await management.ask(
                        "GET", path, headers: ["Host": "\(own):\(port)", "Origin": "http://\(own):\(port)"])
                    #expect(reply.status == 200, "\(path) of \(own)")
                }
            }
        }
    }

    @Test func `The key file is read again on SIGHUP, and a broken one changes nothing`() async throws {
        try await withManagedSite { managed in
            try managed.data.write("new:its-secret:administrator\n", to: "keys")
            managed.gateway.child.send(signal: SIGHUP)
            let told = try await managed.gateway.log("what was read") { $0.message == "management: API keys reloaded" }
            #expect(told.fields["files"] == managed.data.path("keys"))
            let new = managed.management.with(key: "new:its-secret")
            try await eventually("the new key") { try await new.get("/api/v5/whoami").status == 200 }
            #expect(try await managed.viewer.get("/api/v5/whoami").status == 401)
            #expect(try await managed.management.get("/api/v5/whoami").status == 200)
            try managed.data.write("new:other-secret:king\n", to: "keys")
            managed.gateway.child.send(signal: SIGHUP)
            let line = try await managed.gateway.log("the refusal") { $0.message == "management: not reloaded" }
            #expect(line.mentions("line 1"))
            #expect(!line.mentions("other-secret"))
            #expect(!managed.gateway.logLines.contains { $0.message.hasPrefix("nothing to reload") })
            #expect(try await new.get("/api/v5/whoami").status == 200)
        }
    }

    @Test func `A secret may come from a file, and nothing that is answered is a cookie`() async throws {
        let data = try DataFolder()
        try data.write("s3cr3t-of-a-file\n", to: "secret")
        let settings = [
            "MANAGEMENT_API_SECRET": GatewayProcess.unsaid, "MANAGEMENT_API_SECRET_FILE": data.path("secret"),
        ]
        try await withManagedSite(settings) { managed async throws in
            let operators = managed.management.with(key: "ops:s3cr3t-of-a-file")
            #expect(try await operators.json("/api/v5/whoami") == ["key": "ops", "role": "administrator"])
            #expect(try await managed.management.get("/api/v5/whoami").status == 401)
            for path in ["/", "/healthz", "/metrics", "/api/v5/whoami", "./clients"] {
                #expect(try await operators.get(path).headers["set-cookie"] == nil, "\(path)")
            }
        }
    }

    @Test func `Without an address nothing listens for it, with keys neither`() async throws {
        let data = try DataFolder()
        let settings = data.settings.merging(["MANAGEMENT_BIND": ""]) { $1 }
        try await withSite(settings) { site in
            _ = try await site.connectReady()
            #expect(try await site.gateway.stop() == 0)
            #expect(!site.gateway.logLines.contains { $0.message == "management listening" })
            withExtendedLifetime(data) {}
        }
    }

    @Test func `Metrics ask for a key where metrics_auth is on`() async throws {
        try await withManagedSite(["MANAGEMENT_METRICS_AUTH": "true"]) { managed async throws in
            for path in ["/metrics", "/api/v5/prometheus/stats"] {
                #expect(try await managed.management.with(key: nil).get(path).status == 401)
                #expect(try await managed.viewer.get(path).status == 200)
            }
        }
    }

    @Test func `Without keys only health, metrics and the bare page answer`() async throws {
        let settings = ["MANAGEMENT_API_KEY": "", "MANAGEMENT_API_SECRET": "", "MANAGEMENT_API_KEYS_FILE": ""]
        try await withManagedSite(settings) { managed async throws in
            let stranger = managed.management.with(key: nil)
            for path in ["/healthz", "/metrics", "/"] { #expect(try await stranger.get(path).status == 200, "\(path)") }
            #expect(try await stranger.get("/api/v5/gateways").status == 401)
            #expect(try await managed.management.get("/api/v5/gateways").status == 401)
        }
    }

    @Test func `read_only refuses changes of configuration, and lets clients, users and traces be managed`()
        async throws
    {
        let settings = ["MANAGEMENT_READ_ONLY": "true", "AUTHENTICATION_BACKEND": "built_in_database"]
        try await withManagedSite(settings) { managed in
            let management = managed.management
            for (method, path, body) in [
                ("PUT", ".", #"{"mountpoint":"x/"}"#), ("PUT", "./enable/false", "{}"),
                ("POST", "./listeners", #"{"type":"ws","name":"a","bind":"127.0.0.1:0"}"#),
                ("PUT", "./listeners/ocpp:ws:default", "{}"), ("DELETE", "./listeners/ocpp:ws:default", "{}"),
                ("POST", "./listeners/ocpp:ws:default/stop", "{}"), ("DELETE", "./authentication", "{}"),
                ("PUT", "./authentication", #"{"backend":"built_in_database"}"#),
                ("PUT", "/api/v5/configs", #"{"log.level":"debug"}"#), ("DELETE", "/api/v5/configs/log.level", "{}"),
            ] {
                let reply = try await management.ask(method, path, body)
                #expect(reply.status == 403 && reply.code == "READ_ONLY", "\(method) \(path)")
            }
            try await management.change(
                "POST", "./authentication/users", #"{"user_id":"CP-1","password":"0123456789abcdef"}"#, gives: 201)
            try await management.change(
                "POST", "/api/v5/trace", #"{"name":"t","type":"clientid","clientid":"CP-1"}"#, gives: 200)
            try await management.change("DELETE", "/api/v5/trace/t", gives: 204)
        }
    }

    @Test func `Every change is a line of the log, and every attempt, without a secret`() async throws {
        try await withManagedSite { managed in
            try await managed.management.change("PUT", "/api/v5/configs", #"{"log.level":"debug"}"#, gives: 200)
            let line = try await managed.gateway.log("the change") {
                $0.message == "management" && $0.fields["request"] == "PUT /api/v5/configs"
            }
            #expect(line.fields["key"] == "ops")
            #expect(line.fields["remote"] == "127.0.0.1")
            #expect(line.fields["status"] == "200")
            #expect(line.fields["changed"]?.contains("debug") == true)
            _ = try await managed.viewer.ask("DELETE", "./clients/CP-1")
            let attempt = try await managed.gateway.log("the attempt") {
                $0.message == "management" && $0.fields["key"] == "eyes"
            }
            #expect(attempt.fields["status"] == "403")
            try await managed.management.change(
                "POST", "./authentication",
                #"{"backend":"http","mechanism":"password_based","url":"http://127.0.0.1:9/","headers":{"X-Api-Key":"a-hidden-one"}}"#,
                gives: 201)
            try await managed.gateway.log("the authenticator") {
                $0.message == "management" && $0.mentions("authentication", "127.0.0.1:9")
            }
            #expect(!managed.gateway.child.output.contains("a-hidden-one"))
            #expect(!(try await managed.management.get("./authentication").body.contains("a-hidden-one")))
            #expect(!(try await managed.management.get("/api/v5/configs").body.contains("a-hidden-one")))
        }
    }

    @Test func `An address that other machines reach without TLS is a warning`() async throws {
        let data = try DataFolder()
        let gateway = try await GatewayProcess.start(
            data.settings.merging(["MANAGEMENT_BIND": "0.0.0.0:0", "BROKER_URL": "mqtt://127.0.0.1:1"]) { $1 })
        try await gateway.log("the warning") {
            $0.fields["level"] == "warning" && $0.mentions("management.bind", "without TLS")
        }
        await gateway.child.end()
    }

    @Test func `Over HTTPS a new certificate serves the next connection, and curl is content`() async throws {
        let files = try CertificateFolder()
        let settings = [
            "MANAGEMENT_SSL_OPTIONS_CERTFILE": files.path("listener.pem"),
            "MANAGEMENT_SSL_OPTIONS_KEYFILE": files.path("listener.key"),
        ]
        try await withManagedSite(settings) { managed in
            let url = "https://localhost:\(managed.management.port)/api/v5/whoami"
            func curl() async throws -> String {
                try await run(
                    "curl",
                    [
                        "-s", "-S", "--cacert", files.path("ca.pem"), "-u", ManagementClient.administrator, "-w",
                        "%{http_code} %{certs}", url,
                    ])
            }
            let first = try await curl()
            #expect(first.contains(#"{"key":"ops","role":"administrator"}200"#))
            #expect(first.contains("CN = server\n") || first.contains("CN=server\n"))
            try files.put("server2")
            managed.gateway.child.send(signal: SIGHUP)
            try await eventually("the new certificate") { try await curl().contains(/CN ?= ?server2\n/) }
        }
    }
}
