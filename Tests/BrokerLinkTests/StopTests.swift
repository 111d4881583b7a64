import BrokerLink
import NIOCore
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(2)))
struct StopTests {
    @Test(arguments: BrokerLinkConfiguration.QualityOfService.allCases)
    func `Stopping delivers everything and then takes nothing`(quality: BrokerLinkConfiguration.QualityOfService)
        async throws
    {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port, clientID: "backend")) { backend in
            let received = backend.subscribe("cp/CP1")
            #expect(await eventually { received.isSubscribed })
            var configuration = testConfiguration(port: broker.port)
            configuration.qualityOfService = quality
            let gateway = TestLink(configuration)
            gateway.link.start()
            let session = gateway.subscribe("cs/CP1")
            #expect(await eventually { session.isSubscribed })
            for number in 0..<1000 {
                gateway.publish("cp/CP1", "\(number)")
            }
            gateway.first.unsubscribe(topic: "cs/CP1", subscriber: session)
            #expect(await gateway.link.stop(deadline: .now() + .seconds(30)) == 0)
            #expect(gateway.publish("cp/CP1", "too late") == .closed)
            #expect(!gateway.link.isUp)
            #expect(await eventually { received.payloads.count == 1000 })
            #expect(await eventually { broker.log.contains("Sending UNSUBACK to gateway") })
            #expect(await eventually { broker.log.contains("Received DISCONNECT from gateway") })
            #expect(await gateway.link.stop(deadline: .now()) == 0)
        }
    }

    @Test func `With no broker stopping gives up at the deadline and counts what is lost`() async throws {
        let gateway = TestLink(testConfiguration(port: try freePort()))
        gateway.link.start()
        for _ in 0..<7 {
            gateway.publish("cp/CP1", "lost")
        }
        let start = NIODeadline.now()
        #expect(await gateway.link.stop(deadline: start + .milliseconds(300)) == 7)
        #expect(NIODeadline.now() - start >= .milliseconds(300))
        #expect(gateway.log.contains("warning broker link closed with messages undelivered broker=mqtt:"))
    }

    @Test func `With nothing to say stopping does not wait for a broker`() async throws {
        let gateway = TestLink(testConfiguration(port: try freePort()))
        gateway.link.start()
        // Would run into the test's time limit.
        #expect(await gateway.link.stop(deadline: .distantFuture) == 0)
    }

    @Test func `The will is published when the link dies and not on an orderly stop`() async throws {
        let broker = try await TestBroker.started()
        let proxy = try await TCPProxy.start(target: broker.port)
        var configuration = testConfiguration(port: proxy.port)
        configuration.will = BrokerLinkConfiguration.Will(topic: "status", payload: "offline", retain: true)
        configuration.connections = 2
        // With a session that is kept Mosquitto publishes it at once all the same (no Will Delay).
        let withWill = configuration
        try await withLink(testConfiguration(port: broker.port, clientID: "backend")) { backend in
            let status = backend.subscribe("status")
            #expect(await eventually { status.isSubscribed })
            try await withLink(withWill) { gateway in
                #expect(await gateway.isUp())
                proxy.refuse()
                #expect(await eventually { status.payloads == ["offline"] })
                proxy.pass()
                #expect(await gateway.isUp())
            }
            backend.publish("status", "last")
            #expect(await eventually { status.payloads.contains("last") })
            #expect(status.payloads == ["offline", "last"])
        }
    }
}
