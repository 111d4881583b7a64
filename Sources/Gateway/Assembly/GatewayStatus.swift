import BrokerLink
import NIOCore
import OutsideNames
import Synchronization

/// Whether this gateway is there, for those who follow the presence of its charge points (relay-format.md,
/// "Presence"): `online` with each link, `offline` at an orderly stop, and `offline` by the broker when it dies.
final class GatewayStatus: Sendable {
    enum Status: String {
        case online, offline
    }

    private let topic: Topic
    private let retain: Bool
    private let connection = Mutex<BrokerConnection?>(nil)

    /// Nil when presence is off.
    init?(_ configuration: GatewayConfiguration) {
        guard configuration.listeners.contains(where: { $0.topics.presence != nil }) else { return nil }
        topic = configuration.statusTopic
        retain = configuration.presenceRetain
    }

    var will: BrokerLinkConfiguration.Will {
        BrokerLinkConfiguration.Will(topic: topic, payload: Status.offline.rawValue, retain: retain)
    }

    /// The connection that carries the Will.
    func attach(_ connection: BrokerConnection?) {
        self.connection.withLock { $0 = connection }
    }

    func publish(_ status: Status) {
        let message = BrokerPublish(topic: topic, payload: ByteBuffer(string: status.rawValue), retain: retain)
        _ = connection.withLock { $0 }?.publish(message)
    }
}
