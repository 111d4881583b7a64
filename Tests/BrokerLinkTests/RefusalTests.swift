import BrokerLink
import NIOCore
import OutsideNames
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct RefusalTests {
    private func message(
        _ text: String, _ topic: Topic = "cp/CP1", deadline: NIODeadline? = nil, origin: BrokerPublish.Origin? = nil
    ) -> BrokerPublish {
        BrokerPublish(topic: topic, payload: ByteBuffer(string: text), deadline: deadline, origin: origin)
    }

    @Test func `A message with an origin is refused at max pending and one without at twice that`() async throws {
        var configuration = testConfiguration(port: try freePort())
        configuration.maxPending = 5
        configuration.connections = 2
        let gateway = TestLink(configuration)
        let origin = BrokerPublish.Origin(subscriber: RecordingSubscriber(), token: "1")
        for number in 0..<5 {
            #expect(gateway.link.connections[number % 2].publish(message("", origin: origin)) == .accepted)
        }
        #expect(gateway.first.publish(message("", origin: origin)) == .pendingFull)
        for _ in 0..<5 {
            #expect(gateway.first.publish(message("")) == .accepted)
        }
        #expect(gateway.link.connections[1].publish(message("")) == .pendingFull)
        #expect(gateway.link.pendingCount == 10)
    }

    @Test func `When the deadline has passed the origin is told and nothing is sent`() async throws {
        let broker = try await TestBroker()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let session = gateway.subscribe("cs/CP1")
            let observer = gateway.subscribe("cp/CP1")
            let late = message(
                "late", deadline: .now(), origin: BrokerPublish.Origin(subscriber: session, token: "id-7"))
            let early = message(
                "in time", deadline: .now() + .hours(1),
                origin: BrokerPublish.Origin(subscriber: session, token: "id-8"))
            #expect(gateway.first.publish(late) == .accepted)
            #expect(gateway.first.publish(early) == .accepted)
            // Told while the broker is still away: its place is for others.
            #expect(await eventually { !session.events.isEmpty })
            #expect(
                session.events == [
                    .notTaken(token: "id-7", reason: "deadline passed before the broker could take it")
                ])
            #expect(gateway.link.pendingCount == 1)
            try await broker.start()
            #expect(await eventually { observer.payloads == ["in time"] })
            #expect(await eventually { gateway.log.contains("warning messages not delivered to the broker") })
        }
    }

    @Test func `A publish that the broker refuses is reported to its origin`() async throws {
        let broker = try await TestBroker.started(
            listener: ["acl_file $FOLDER/acl"], files: ["acl": "topic readwrite cs/#\n"])
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            let origin = BrokerPublish.Origin(subscriber: session, token: "id-1")
            #expect(gateway.first.publish(message("no", origin: origin)) == .accepted)
            #expect(await eventually { session.events.count == 2 })
            #expect(
                session.events.last == .notTaken(token: "id-1", reason: "refused by the broker: Not authorized"))
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(await eventually { gateway.log.contains("Not authorized") })
        }
    }

    @Test func `A topic that is none is reported to its origin and does not harm others`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            let bad: [Topic] = ["cp/#", "cp/\u{0}x", "cp/\u{1}", ""]
            for (number, topic) in bad.enumerated() {
                let origin = BrokerPublish.Origin(subscriber: session, token: "\(number)")
                #expect(gateway.first.publish(message("no", topic, origin: origin)) == .accepted)
            }
            gateway.publish("cs/CP1", "yes")
            #expect(await eventually { session.events.count == 2 + bad.count })
            #expect(session.payloads == ["yes"])
            let tokens = session.events.compactMap { event in
                if case .notTaken(let token, _) = event { token } else { nil }
            }
            #expect(tokens == ["0", "1", "2", "3"])
        }
    }

    @Test func `A subscription that the broker refuses is reported and the others stand`() async throws {
        let rules = """
            {"clients":[],"groups":[{"groupname":"all","roles":[{"rolename":"all"}]}],"anonymousGroup":"all",
            "roles":[{"rolename":"all","acls":[{"acltype":"subscribePattern","topic":"cs/#","allow":true}]}],
            "defaultACLAccess":{"publishClientSend":true,"publishClientReceive":true,"subscribe":false,
            "unsubscribe":true}}
            """
        let plugin = try await run(
            "find", ["/usr/lib", "/usr/local/lib", "-name", "mosquitto_dynamic_security.so", "-print", "-quit"])
        let broker = try await TestBroker.started(
            listener: [
                "plugin \(plugin.trimmingNewline)", "plugin_opt_config_file $FOLDER/rules.json",
            ], files: ["rules.json": rules])
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            let refused = gateway.subscribe("secret/CP1")
            let invalid = gateway.subscribe("cs/#/x")
            let granted = gateway.subscribe("cs/CP1")
            #expect(await eventually { granted.isSubscribed && !refused.events.isEmpty && !invalid.events.isEmpty })
            #expect(refused.events == [.refused(0x87)])
            #expect(invalid.events == [.refused(0x8f)])
        }
    }

    @Test func `A message longer than the broker takes is refused at once`() async throws {
        let broker = try await TestBroker.started(listener: ["max_packet_size 2000"])
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            #expect(gateway.publish("cp/CP1", String(repeating: "x", count: 2000)) == .tooLarge)
            #expect(gateway.publish("cp/CP1", String(repeating: "x", count: 1900)) == .accepted)
            let subscribers = (0..<300).map { gateway.subscribe("cs/a-rather-long-identity-of-charge-point-\($0)") }
            #expect(await eventually { subscribers.allSatisfy(\.isSubscribed) })
            #expect(await eventually { gateway.link.pendingCount == 0 })
            #expect(gateway.observer.changes == [true])
        }
    }

    @Test func `Wrong credentials are logged clearly and without the password`() async throws {
        let broker = try await TestBroker(
            listener: ["password_file $FOLDER/passwords"], anonymous: false,
            files: ["passwords": ""])
        _ = try await run(
            "mosquitto_passwd", ["-b", broker.folder.appendingPathComponent("passwords").path, "gateway", "right"])
        try await broker.start()
        var configuration = testConfiguration(port: broker.port)
        configuration.username = "gateway"
        configuration.password = "wrong-secret"
        for version in BrokerLinkConfiguration.ProtocolVersion.allCases {
            configuration.protocolVersion = version
            try await withLink(configuration) { gateway in
                #expect(await eventually { gateway.log.count(of: "broker not reachable") >= 2 })
                #expect(gateway.log.contains("error the broker refuses the connection"))
                #expect(gateway.log.contains(version == .v5 ? "Not authorized" : "not authorised"))
                #expect(!gateway.log.contains("wrong-secret"))
            }
        }
        configuration.password = "right"
        try await withLink(configuration) { gateway in
            #expect(await gateway.isUp())
        }
    }
}

extension String {
    fileprivate var trimmingNewline: String { String(prefix { $0 != "\n" }) }
}
