import BrokerLink
import Logging
import NIOCore
import OutsideNames
import TestSupport

/// A link with everything recorded, stopped by `withLink` whatever happens.
final class TestLink: Sendable {
    let link: BrokerLink
    let observer = RecordingObserver()
    let log = LogRecorder()

    init(_ configuration: BrokerLinkConfiguration) {
        link = BrokerLink(configuration: configuration, observer: observer, logger: log.logger)
    }

    var first: BrokerConnection { link.connections[0] }

    func subscribe(_ topic: Topic) -> RecordingSubscriber {
        let subscriber = RecordingSubscriber()
        link.connection(for: topic).subscribe(topic: topic, subscriber: subscriber)
        return subscriber
    }

    @discardableResult
    func publish(_ topic: Topic, _ payload: String, retain: Bool = false) -> PublishAdmission {
        link.connection(for: topic)
            .publish(BrokerPublish(topic: topic, payload: ByteBuffer(string: payload), retain: retain))
    }

    func isUp() async -> Bool { await eventually { self.link.isUp } }
}

/// A configuration for tests: one address, short pauses.
func testConfiguration(port: Int, clientID: ClientID = "gateway") -> BrokerLinkConfiguration {
    var configuration = BrokerLinkConfiguration(
        addresses: [BrokerLinkConfiguration.Address(host: "127.0.0.1", port: port)], clientID: clientID)
    configuration.reconnectDelay = .milliseconds(20)...(.milliseconds(200))
    return configuration
}

/// Starts a link and stops it in the end.
func withLink<Result>(
    _ configuration: BrokerLinkConfiguration, isolation: isolated (any Actor)? = #isolation,
    _ body: (TestLink) async throws -> Result
) async throws -> Result {
    let link = TestLink(configuration)
    link.link.start()
    do {
        let result = try await body(link)
        _ = await link.link.stop(deadline: .now() + .seconds(5))
        return result
    } catch {
        _ = await link.link.stop(deadline: .now())
        throw error
    }
}
