import BrokerLink
import Logging
import NIOCore
import NIOPosix
import Testing

@testable import ChargePointSessions
@testable import Gateway

@Suite("A session's message, as the broker link takes it")
struct SessionAdapterTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

    @Test func `What has no version keeps its trace and what its sender knows it by`() async throws {
        let session = try await StandInSession.connect("CP1", to: SessionRegistry(), on: loop)
        var message = UpstreamMessage(topic: "ocpp/error", payload: ByteBuffer(string: "{}"), kind: .report)
        message.traceParent = parent
        let report = message.brokerPublish(from: session, share: nil)
        #expect(report.properties?.traceParent == parent && report.properties?.version == nil)
        message.kind = .reply
        message.correlationData = ByteBuffer(string: "7")
        let reply = message.brokerPublish(from: session, share: nil)
        #expect(reply.properties?.correlationData == .bytes(ByteBuffer(string: "7")))
        #expect(reply.properties?.traceParent == parent)
        try await loop.submit { session.assumeIsolated { $0.end(.goingAway) } }.get()
    }

    @Test func `What has nothing to say beside its payload has no properties`() async throws {
        let session = try await StandInSession.connect("CP1", to: SessionRegistry(), on: loop)
        let message = UpstreamMessage(topic: "ocpp/presence", payload: ByteBuffer(string: "{}"), kind: .presence)
        let presence = message.brokerPublish(from: session, share: nil)
        #expect(presence.purpose == .presence && presence.properties.map { _ in true } == nil)
        try await loop.submit { session.assumeIsolated { $0.end(.goingAway) } }.get()
    }

    @Test func `Where gateways have met is known after they meet elsewhere, for the unsubscribe`() throws {
        func templates(_ mountpoint: String) -> RelayTopicTemplates { RelayTopicTemplates(mountpoint: mountpoint) }
        var configuration = GatewayConfiguration(
            gatewayID: "gw", broker: BrokerLinkConfiguration(addresses: [], clientID: "gw"), statusTopic: "status")
        configuration.listeners[0].topics = templates("a/")
        let listener = try #require(
            TakeoverListener(
                configuration, registry: SessionRegistry(), counters: SessionCounters(), eventLoop: loop,
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        listener.use([templates("b/")])
        for mountpoint in ["a/", "b/"] {
            let claim = try #require(templates(mountpoint).claim)
            let answers = try #require(claim.answers(to: "gw"))
            #expect(listener.companion(of: answers) == claim.gateways && claim.gateways != nil)
        }
        #expect(listener.companion(of: "c/cs/CP1") == nil)
    }
}
