import Authentication
import BrokerLink
import ChargePointSessions
import Logging
import OutsideNames
import WebSocketFrontEnd

/// Everything that one gateway is told: how it reaches the broker, where charge points connect, and the rules of
/// their sessions. Made from the environment and a YAML file by `LoadedConfiguration`.
package struct GatewayConfiguration: Sendable, Equatable {
    /// One listener with what holds for the sessions that come in through it.
    package struct Listener: Sendable, Equatable {
        package var configuration = ListenerConfiguration()
        /// In front of its topics: its own, or else the gateway's.
        package var mountpoint = "ocpp/"
        package var topics = RelayTopicTemplates()
        /// What makes the topics on which gateways meet where they claim nothing, because charge points have connections
        /// of their own; nil: they do not, or those of the claims are.
        package var meeting: TopicTemplate?
        /// The gateway's, with the listener's `websocket.ping_interval`.
        package var sessions = SessionSettings()
        /// Of a charge point's own MQTT connection.
        package var clientID = TopicTemplate("ocpp-${clientid}")
        /// `enable_authn`: the charge point's user name and password go into its own MQTT connection's CONNECT.
        package var passesCredentials = true

        package init() {}
    }

    /// What happens to sessions while the broker cannot be reached (`broker.outage`).
    package enum BrokerOutage: Sendable, Equatable {
        case hold
        /// Closed with 1013 after this long, and new ones refused with 503.
        case disconnect(after: Duration)
    }

    /// `broker.client_id`; names this gateway in claims, presence messages and its status topic.
    package var gatewayID: ClientID
    package var broker: BrokerLinkConfiguration
    /// Paths of the files that are read at each connect to the broker.
    package var brokerFiles: [String] = []
    /// At least one; their names are unique.
    package var listeners = [Listener()]
    package var authentication = AuthenticationSettings()
    package var brokerOutage = BrokerOutage.hold
    package var formatChecking = FormatCheckingConfiguration()
    package var presenceRetain = false
    /// `<mountpoint>gateway/<gateway id>/Status`, where the MQTT Will says `offline`; the mountpoint is left out when
    /// it holds a charge point's identity.
    package var statusTopic: Topic
    /// Nil: no statistics line (`enable_stats` off).
    package var statsInterval: Duration? = .seconds(60)
    /// Sessions are closed spread over this time when the gateway stops.
    package var drainTime = Duration.seconds(10)
    /// What all queues of all sessions may hold, in bytes (`limits.memory`); nil: a quarter of the machine's or the
    /// container's.
    package var memoryLimit: Int?
    /// The proxies whose address headers are believed by listeners that name none of their own, and by management.
    package var trustedProxies: [IPAddressRange] = []
    package var management = ManagementSettings()
    /// `data_dir`: users, changes and traces.
    package var dataDirectory = DataDirectory.standard
    package var logs = LogConfiguration()
    package var tracing = TracingSettings()

    package init(gatewayID: ClientID, broker: BrokerLinkConfiguration, statusTopic: Topic) {
        self.gatewayID = gatewayID
        self.broker = broker
        self.statusTopic = statusTopic
    }

    /// What all queues of all sessions may hold, in bytes.
    var memoryBound: Int { memoryLimit ?? MachineMemory.bytes / 4 }

    /// Bytes of a message from the broker that are read: what is longer is refused by its length, and one byte more than
    /// any listener takes shows that it is.
    var longestDelivery: Int { 1 + (listeners.map(\.configuration.maxFrameSize).max() ?? 0) }

    package var userNames: UserNameRule { UserNameRule(holds: authentication.usernameIsIdentity) }
}

// A configuration that ends up in a log or a debugger's dump must not take the broker's password there.
extension GatewayConfiguration: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String {
        let brokers = broker.addresses.map(\.description).joined(separator: ",")
        let binds = listeners.map { listener in
            let host = listener.configuration.host
            let address = host.contains(":") ? "[\(host)]" : host
            return
                "\(listener.configuration.tls == nil ? "ws:" : "")\(listener.configuration.name)=\(address):\(listener.configuration.port)"
        }
        return "gateway \(gatewayID), broker \(brokers), listeners \(binds.joined(separator: ","))"
    }

    package var debugDescription: String { description }

    package var customMirror: Mirror {
        Mirror(
            self,
            children: [
                "gatewayID": gatewayID, "brokerAddresses": broker.addresses, "listeners": listeners,
                "brokerOutage": brokerOutage, "drainTime": drainTime, "logs": logs,
            ] as KeyValuePairs<String, Any>)
    }
}
