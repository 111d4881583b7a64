import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("Who may connect, by address")
struct AccessRulesTests {
    @Test(
        arguments: [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.8", false),
            ("192.0.2.6/31", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.6", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("::/0", "2001:db8::1", true),
            ("::/0", "192.0.2.1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("2001:db8::/65", "2001:db8::7fff:0:0:1", true),
            ("2001:db8::/65", "2001:db8:0:0:8000::1", false),
            ("2001:db8::1/128", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::2", false),
            ("10.0.0.0/8", "::ffff:10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "10.1.2.3", true),
            ("::ffff:10.0.0.0/104", "11.1.2.3", false),
        ]
    )
    func `A range holds the addresses whose leading bits are its own`(range: String, address: String, isInside: Bool)
        throws
    {
        let range = try #require(IPAddressRange(range))
        #expect(range.contains(try #require(IPAddress(address))) == isInside)
    }

    @Test(
        arguments: [
            "", "10", "10.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/ 8", "all",
            "10.0.0.0/٨", "2001:db8::/129", "[2001:db8::1]", "::ffff:10.0.0.0/95", "10.0.0.256", "a.b.c.d", "1::2::3",
            "10.0.0.1\0", "host.example/8", "fe80::1%eth0",
        ]
    )
    func `What is no range is refused`(text: String) {
        #expect(IPAddressRange(text) == nil)
    }

    private static func rules(_ texts: String...) throws -> AccessRules {
        AccessRules(try texts.map { try #require(AccessRules.Rule($0)) })
    }

    private static func permits(_ rules: AccessRules, _ address: String) throws -> Bool {
        rules.permits(try #require(IPAddress(address)))
    }

    @Test
    func `The first rule that matches decides`() throws {
        let rules = try Self.rules("deny 10.0.0.7", "allow 10.0.0.0/8", "deny all")
        #expect(try !Self.permits(rules, "10.0.0.7"))
        #expect(try Self.permits(rules, "10.0.0.8"))
        #expect(try !Self.permits(rules, "192.0.2.1"))
        #expect(try !Self.permits(rules, "2001:db8::1"))
        let reversed = try Self.rules("ALLOW ALL", "deny 10.0.0.7")
        #expect(try Self.permits(reversed, "10.0.0.7"))
    }

    @Test
    func `Who matches no rule is let in`() throws {
        #expect(try Self.permits(AccessRules(), "192.0.2.1"))
        #expect(try Self.permits(Self.rules("deny 10.0.0.0/8"), "192.0.2.1"))
        #expect(try Self.permits(Self.rules("allow 10.0.0.0/8"), "192.0.2.1"))
    }

    @Test
    func `A connection without an IP address is matched by the rules for everyone only`() throws {
        let local = try SocketAddress(unixDomainSocketPath: "/x")
        #expect(try !Self.rules("allow 0.0.0.0/0", "deny all").permits(local))
        #expect(try Self.rules("deny 0.0.0.0/0").permits(local))
        #expect(try !Self.rules("deny all").permits(nil as SocketAddress?))
    }

    @Test(
        arguments: ["", "allow", "deny", "permit all", "allow all all", "deny 1", "all"])
    func `What is no rule is refused`(text: String) {
        #expect(AccessRules.Rule(text) == nil)
    }

    @Test
    func `Denied connections are told of one by one until ten in a second, then in one sum`() {
        var throttle = DenialThrottle()
        let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        for _ in 0..<10 { #expect(throttle.denied(now: now) == .now) }
        #expect(throttle.denied(now: now) == .later(startsTimer: true))
        for _ in 0..<1000 { #expect(throttle.denied(now: now + .milliseconds(999)) == .later(startsTimer: false)) }
        #expect(throttle.takeWithheld() == 1001)
        #expect(throttle.takeWithheld() == 0)
        #expect(throttle.denied(now: now + .seconds(1)) == .now)
    }
}

@Suite("Connections by address, over a socket", .timeLimit(.minutes(2)))
struct AccessTests {
    private static func denyingLoopback() throws -> AccessRules {
        AccessRules([try #require(AccessRules.Rule("deny 127.0.0.0/8"))])
    }

    @Test
    func `A denied connection is closed before any HTTP, and told of`() async throws {
        let rules = try Self.denyingLoopback()
        try await RunningListener.run(RunningListener.configuration { $0.accessRules = rules }) { running in
            let client = try await running.client()
            #expect(try await client.closedByServer(), "without a byte")
            let refusal = try await running.admission.refusals.next()
            #expect(refusal.reason == "denied by access_rules" && refusal.status == nil && refusal.count == 1)
            #expect(refusal.peer.description.hasPrefix("127.0.0.1:"))
        }
    }

    @Test
    func `Denied connections take nothing of the rate`() async throws {
        let rules = try Self.denyingLoopback()
        let configuration = RunningListener.configuration {
            $0.accessRules = rules
            $0.acceptors = 1
            $0.maxConnectionRate = 1
        }
        try await RunningListener.run(configuration) { running in
            let started = NIODeadline.now()
            // At one a second they would take a minute.
            for _ in 0..<60 {
                let client = try await running.client()
                _ = try await client.closedByServer()
            }
            #expect(NIODeadline.now() - started < .seconds(50))
        }
    }

    @Test
    func `A flood of denied connections is told of in a sum, and none is forgotten`() async throws {
        let rules = try Self.denyingLoopback()
        let flood = 200
        try await RunningListener.run(RunningListener.configuration { $0.accessRules = rules }) { running in
            for _ in 0..<flood {
                let client = try await running.client()
                _ = try await client.closedByServer()
            }
            var counted = 0
            var told = 0
            while counted < flood {
                counted += try await running.admission.refusals.next().count
                told += 1
            }
            #expect(counted == flood)
            #expect(told < flood)
        }
    }

    @Test
    func `The rules of a listener on IPv6 are for IPv6 addresses`() async throws {
        let rules = try Self.denyingLoopback()
        let configuration = RunningListener.configuration(host: "::1") { $0.accessRules = rules }
        try await RunningListener.run(configuration) { running in
            _ = try await running.connected()
        }
    }
}
