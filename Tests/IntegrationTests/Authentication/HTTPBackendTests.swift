import Foundation
import NIOCore
import TestSupport
import Testing

/// authentication.md, "Outcomes", "HTTP server", "Load" and "Caches", with an HTTP server that decides.
@Suite struct HTTPBackendTests {
    private typealias Answer = AnsweringServer.Answer

    private static let form = ["Content-Type": "application/x-www-form-urlencoded"]

    private func shown(_ identity: String, _ password: String = "s3cr3t-password") -> ShownCredentials {
        .basic(identity, password)
    }

    @Test func `Each answer of the server is the outcome that the page names`() async throws {
        let past = Int(Date().timeIntervalSince1970) - 10
        let server = try await AnsweringServer([
            "ALLOW": .allow, "NO-CONTENT": Answer(status: 204),
            "FORM": Answer(headers: Self.form, body: "result=allow"),
            "AHEAD": .json(#"{"result":"allow","expire_at":\#(past + 3600)}"#),
            "DENY": .json(#"{"result":"deny"}"#), "401": Answer(status: 401), "403": Answer(status: 403),
            "PAST": .json(#"{"result":"allow","expire_at":\#(past)}"#),
            "TLS": .json(#"{"result":"allow","security_profile":2}"#),
            "IGNORE": .json(#"{"result":"ignore"}"#), "NOTHING": .json("{}"), "404": Answer(status: 404),
            "500": Answer(status: 500), "302": Answer(status: 302, headers: ["Location": "/"]),
            "201": Answer(status: 201),
            "TYPELESS": Answer(body: #"{"result":"allow"}"#), "ODD": .json(#"{"result":"yes"}"#),
            "BROKEN": .json(#"{"result":"allow""#), "LATER": .json(#"{"result":"allow","expire_at":"tomorrow"}"#),
            "MILLISECONDS": .json(#"{"result":"allow","expire_at":\#(past)000}"#),
            "LONG": .json(#"{"result":"allow","x":"\#(String(repeating: "x", count: 65_536))"}"#),
            "429": Answer(status: 429, headers: ["Retry-After": "37"]),
            "503": Answer(status: 503, headers: ["Retry-After": "7"]), "503-SOON": Answer(status: 503),
        ])
        try await withSite(server.settings()) { site async throws in
            for identity in ["ALLOW", "NO-CONTENT", "FORM", "AHEAD"] {
                #expect(try await site.status(identity, shown(identity)) == 101, "\(identity)")
            }
            for identity in ["DENY", "401", "403", "PAST", "TLS", "CP-UNTOLD"] {
                #expect(try await site.answer(identity, shown(identity)).isUnauthorized, "\(identity)")
            }
            for identity in ["IGNORE", "NOTHING", "404"] {
                #expect(try await site.answer(identity, shown(identity)).isUnknown, "\(identity)")
            }
            for identity in [
                "500", "302", "201", "TYPELESS", "ODD", "BROKEN", "LATER", "MILLISECONDS", "LONG", "503-SOON",
            ] {
                #expect(try await site.answer(identity, shown(identity)).isUnavailable, "\(identity)")
            }
            for (identity, seconds) in [("429", 37), ("503", 7)] {
                let answer = try await site.answer(identity, shown(identity))
                #expect(answer.isUnavailable && answer.retryAfter == seconds, "handed on")
            }
            // Nonsense is told of, and is no reason to stop asking.
            try await site.gateway.log("what the server says") {
                $0.message == "authentication backend cannot answer" && $0.mentions("the HTTP server said 500")
            }
            #expect(!site.hasLogged("authentication backend down"))
            #expect(try await site.status("ALLOW", shown("ALLOW")) == 101)
        }
    }

    @Test func `The server is asked without credentials and never under another name`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow, "CP-2": .allow])
        try await withSite(server.settings()) { site async throws in
            #expect(try await site.status("CP-1", .none) == 101)
            #expect(try await site.answer("CP-2", shown("CP-1")).isUnauthorized)
            #expect(server.asked == ["CP-1"])
        }
        let shared = server.settings(["AUTHENTICATION_USERNAME_IS_IDENTITY": "false"])
        try await withSite(shared) { site async throws in
            #expect(try await site.status("CP-2", shown("CP-1")) == 101)
        }
    }

    /// authentication.md, "Fields and placeholders".
    @Test func `Each placeholder is what the charge point has shown`() async throws {
        let server = try await AnsweringServer(["PY-1": .allow])
        let files = try CertificateFolder()
        let names = [
            "clientid", "cid", "username", "password", "password_hex", "peerhost", "cert_common_name", "cert_subject",
            "cert_pem", "listener", "version", "zone", "$",
        ]
        let body = "{" + names.map { #""\#($0)":"${\#($0)}""# }.joined(separator: ",") + "}"
        let own = files.settings(["VERIFY": "verify_peer", "CACERTFILE": files.path("ca.pem")])
        try await withSite(server.settings(own.merging(["AUTHENTICATION_BODY": body]) { $1 })) { site async throws in
            func asked() throws -> [String: String] {
                let line = server.questions.split(separator: "\n").last { $0.hasPrefix("body ") }
                let body = try JSONSerialization.jsonObject(with: Data((line?.dropFirst(5) ?? "{}").utf8))
                return try #require(body as? [String: String])
            }
            let port = try await site.gateway.port(listener: "wss:tls")
            let tls = try files.client(as: "PY-1")
            #expect(try await site.status("PY-1", shown("PY-1", "s3cr3t-\u{7}"), port: port, tls: tls) == 101)
            let certified = try asked()
            let pem = try String(contentsOfFile: files.path("PY-1.pem"), encoding: .utf8)
            for (name, value) in [
                "clientid": "PY-1", "cid": "PY-1", "username": "PY-1", "password": "7333637233742D07",
                "password_hex": "7333637233742D07", "peerhost": "127.0.0.1", "cert_common_name": "PY-1",
                "listener": "ocpp:wss:tls", "version": "1.6", "zone": "default", "$": "$",
            ] { #expect(certified[name] == value, "\(name)") }
            #expect(certified["cert_subject"]?.contains("PY-1") == true)
            let der = certified["cert_pem"] ?? ""
            #expect(!der.isEmpty && pem.replacingOccurrences(of: "\n", with: "").contains(der))
            #expect(try await site.status("PY-1", .none) == 101)
            let bare = try asked()
            for name in names where name.hasPrefix("cert_") || name.hasPrefix("password") || name == "username" {
                #expect(bare[name]?.isEmpty == true, "\(name)")
            }
            #expect(bare["listener"] == "ocpp:ws:default" && bare["clientid"] == "PY-1")
        }
    }

    @Test func `A session ends when its credentials expire`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow])
        try await withSite(server.settings()) { site async throws in
            let endless = try await site.open("CP-1", shown("CP-1")).0
            let chargePoint = try await site.openUntilExpiry("CP-2") { seconds in
                let expiry = Int(Date().timeIntervalSince1970) + seconds
                try server.say(["CP-2": .json(#"{"result":"allow","expire_at":\#(expiry)}"#)])
                // Refused for one that has passed already it comes with another password: that is asked about anew.
                return shown("CP-2", "s3cr3t-\(seconds)")
            }
            let closing = try await chargePoint.closing(within: .seconds(400))
            #expect(closing == .init(code: 1008, reason: "credentials expired"))
            #expect(OCPPText(try await endless.call("Heartbeat")).type == 3)
        }
    }

    @Test func `The same credentials refused again are answered without asking and others at once`() async throws {
        let server = try await AnsweringServer(["NOBODY": Answer(status: 404)])
        // Longer than this test could ever take.
        try await withSite(server.settings(["AUTHENTICATION_RETRY_PAUSE": "1h"])) { site async throws in
            for _ in 0..<3 {
                #expect(try await site.answer("CP-1", shown("CP-1")).isUnauthorized)
                #expect(try await site.answer("NOBODY", shown("NOBODY")).isUnknown)
            }
            #expect(server.asked == ["CP-1", "NOBODY"])
            try server.say(["CP-1": .allow])
            #expect(try await site.answer("CP-1", shown("CP-1")).isUnauthorized)
            #expect(try await site.status("CP-1", shown("CP-1", "s3cr3t-new")) == 101)
            #expect(server.asked == ["CP-1", "NOBODY", "CP-1"])
        }
    }

    @Test func `Without a pause and a cache everybody is asked about each time`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow])
        try await withSite(server.settings(["AUTHENTICATION_RETRY_PAUSE": "0"])) { site async throws in
            for _ in 0..<2 {
                #expect(try await site.status("CP-1", shown("CP-1")) == 101)
                #expect(try await site.answer("CP-2", shown("CP-2")).isUnauthorized)
            }
            #expect(server.asked == ["CP-1", "CP-2", "CP-1", "CP-2"])
        }
    }

    @Test func `A verdict is kept for its time and forgotten when the cache is emptied`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow])
        try await withManagedSite(server.settings(["AUTHENTICATION_CACHE_TTL": "1h"])) { managed async throws in
            let site = managed.site
            #expect(try await site.status("CP-1", shown("CP-1")) == 101)
            try server.say([:])
            #expect(try await site.status("CP-1", shown("CP-1")) == 101)
            // Only for exactly what was shown.
            #expect(try await site.answer("CP-1", shown("CP-1", "s3cr3t-other")).isUnauthorized)
            #expect(server.asked == ["CP-1", "CP-1"])
            try await managed.management.change("DELETE", "./authentication/cache", gives: 204)
            #expect(try await site.answer("CP-1", shown("CP-1")).isUnauthorized)
        }
    }

    // MARK: A server that is slow or away

    @Test func `A verdict that does not come in time is 503 and lets nobody in`() async throws {
        let server = try await AnsweringServer(["SLOW": Answer(status: 204, delay: 120), "CP-1": .allow])
        try await withSite(server.settings(["AUTHENTICATION_TIMEOUT": "1s"])) { site async throws in
            #expect(try await site.answer("SLOW", shown("SLOW")).isUnavailable)
            #expect(try await site.refusal(of: "SLOW", 503)["reason"] == "no verdict in time")
            #expect(try await site.verdict("CP-1", shown("CP-1")).status == 101)
        }
    }

    @Test func `An answer that never ends is given up after the time of a request`() async throws {
        let server = try await AnsweringServer(["CP-1": Answer(endless: true), "CP-2": .allow])
        try await withSite(server.settings(["AUTHENTICATION_REQUEST_TIMEOUT": "2s"])) { site async throws in
            // On a slow machine the time may be over before the answer has begun.
            try await eventually("that it was given up", within: .seconds(180)) {
                let heard = try await site.answer("CP-1", shown("CP-1"))
                #expect(heard.isUnavailable)
                return site.gateway.logLines.contains { $0.mentions("HTTP: the answer does not end in time") }
            }
            #expect(try await site.verdict("CP-2", shown("CP-2")).status == 101)
        }
        let endpoint = [
            "AUTHENTICATION_BACKEND": "jwt", "AUTHENTICATION_REQUEST_TIMEOUT": "2s",
            "AUTHENTICATION_ENDPOINT": "http://127.0.0.1:\(server.port)/endless",
        ]
        try await withSite(endpoint) { site async throws in
            try await site.gateway.log("that it was given up") {
                $0.message == "key set not fetched" && $0.mentions("does not end in time")
            }
        }
    }

    @Test func `The line is bounded and one charge point waits in it once`() async throws {
        let server = try await AnsweringServer(["SLOW": Answer(status: 204, delay: 1000)])
        let settings = server.settings([
            "AUTHENTICATION_POOL_SIZE": "1", "AUTHENTICATION_MAX_WAITING": "1",
            "AUTHENTICATION_REQUEST_TIMEOUT": "900s", "AUTHENTICATION_TIMEOUT": "900s", "IDLE_TIMEOUT": "1000s",
        ])
        try await withManagedSite(settings) { managed async throws in
            let site = managed.site
            let slow = Task { try await site.answer("SLOW", shown("SLOW"), within: .seconds(900)) }
            try await eventually("the question") { server.asked == ["SLOW"] }
            let older = Task { try await site.answer("CP-1", shown("CP-1"), within: .seconds(900)) }
            try await eventually("one that waits") {
                let metrics = try await managed.management.get("/metrics").body
                return metrics.firstMatch(of: /\n\w*authentication_waiting(\{[^}]*\})? 1\n/) != nil
            }
            #expect(try await site.answer("CP-2", shown("CP-2")).isUnavailable)
            #expect(try await site.refusal(of: "CP-2", 503)["reason"] == "too many handshakes wait")
            // A newer one of the same charge point takes the place.
            let newer = Task { try await site.answer("CP-1", shown("CP-1"), within: .seconds(900)) }
            #expect(try await older.value.isUnavailable)
            #expect(
                try await site.refusal(of: "CP-1", 503)["reason"]
                    == "a newer handshake of the same charge point has taken its place")
            #expect(server.asked == ["SLOW"])
            await server.server.kill()
            #expect(try await newer.value.isUnavailable)
            #expect(try await slow.value.isUnavailable)
        }
    }

    @Test func `A server that is away counts as down until a handshake has found it again`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow, "CP-7": .allow])
        try await withManagedSite(server.settings()) { managed async throws in
            let site = managed.site
            let open = try await site.open("CP-1", shown("CP-1")).0
            await server.server.kill()
            let (before, start) = (server.asked.count, ContinuousClock.now)
            for number in 1...3 {
                #expect(try await site.answer("CP-\(number)", shown("CP-\(number)")).isUnavailable)
            }
            let down = try await site.gateway.log("the loss") { $0.message == "authentication backend down" }
            #expect(down.fields["backend"] == "http" && down.fields["server"] == "http://127.0.0.1:\(server.port)")
            // After each pause one of them is asked about; the others need not wait for anything.
            let numbers = Counter()
            try await eventually("one that nobody was asked about", within: .seconds(180)) {
                let name = "CP-\(10 + numbers.next())"
                #expect(try await site.answer(name, shown(name)).isUnavailable)
                return try await site.refusal(of: name, 503)["reason"] == "the backend is down"
            }
            let ready = try await managed.management.get("/readyz")
            #expect(ready.status == 200 && ready.body.contains(#""authentication":"down""#), "\(ready.body)")
            #expect(OCPPText(try await open.call("Heartbeat")).type == 3)

            try await server.server.start()
            #expect(try await site.verdict("CP-7", shown("CP-7")).status == 101)
            try await site.gateway.log("the return", within: 180) { $0.message == "authentication backend up" }
            // It was asked about that one, and once more about nobody of before.
            #expect(server.asked.dropFirst(before) == ["CP-7"])
            #expect(open.isOpen)
            // The same words at most each 10 s.
            let lines = site.gateway.logLines.count { $0.message == "authentication backend down" }
            #expect(Double(lines) <= 2 + (ContinuousClock.now - start) / .seconds(10))
        }
    }

    /// Attack: each probe asked about the last of them again, and everybody else heard 503 for as long as that failed.
    @Test func `Charge points with which the server fails always lock nobody else out`() async throws {
        var answers = ["CP-1": Answer.allow]
        for number in 0..<5 { answers["POISON-\(number)"] = Answer(hangsUp: true) }
        let server = try await AnsweringServer(answers)
        try await withSite(server.settings()) { site async throws in
            for number in 0..<3 {
                let poison = "POISON-\(number)"
                #expect(try await site.answer(poison, shown(poison)).isUnavailable)
            }
            try await site.gateway.log("the loss") { $0.message == "authentication backend down" }
            #expect(try await site.verdict("CP-1", shown("CP-1")).status == 101)
            try await site.gateway.log("the return") { $0.message == "authentication backend up" }
            // One alone keeps nobody waiting.
            for number in 1...3 {
                for _ in 1...3 { #expect(try await site.answer("POISON-4", shown("POISON-4")).isUnavailable) }
                #expect(try await site.status("CP-1", shown("CP-1", "s3cr3t-\(number)")) == 101)
            }
        }
    }

    @Test func `A server that ends and comes back under 200 handshakes lets nobody in wrongly`() async throws {
        let server = try await AnsweringServer(
            Dictionary(uniqueKeysWithValues: (0...100).map { ("N-\($0 * 2)", Answer.allow) }))
        try await withSite(server.settings()) { site async throws in
            let open = try await site.open("N-0", shown("N-0")).0
            try await site.restart(server.server, again: { try await server.server.start() }) { name, _ in
                .basic(name, "s3cr3t-password")
            }
            #expect(OCPPText(try await open.call("Heartbeat")).type == 3)
        }
    }

    @Test func `A server that is away at start is no error`() async throws {
        let server = try await AnsweringServer(["CP-1": .allow], isRunning: false)
        try await withSite(server.settings()) { site async throws in
            #expect(try await site.answer("CP-1", shown("CP-1")).isUnavailable)
            try await server.server.start()
            #expect(try await site.verdict("CP-1", shown("CP-1")).status == 101)
        }
    }
}
