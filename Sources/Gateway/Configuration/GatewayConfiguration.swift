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
        package var configuration: ListenerConfiguration
        /// The listener's mountpoint, or else the gateway's, is in front of each.
        package var topics: RelayTopicTemplates
        /// The gateway's, with the listener's `websocket.ping_interval`.
        package var sessions: SessionSettings
        /// Of a charge point's own MQTT connection.
        package var clientID: TopicTemplate
        /// `enable_authn`: the charge point's user name and password go into its own MQTT connection's CONNECT.
        package var passesCredentials: Bool

        package init(
            configuration: ListenerConfiguration = ListenerConfiguration(),
            topics: RelayTopicTemplates = RelayTopicTemplates(),
            sessions: SessionSettings = SessionSettings(),
            clientID: TopicTemplate = TopicTemplate("ocpp-${clientid}"),
            passesCredentials: Bool = true
        ) {
            self.configuration = configuration
            self.topics = topics
            self.sessions = sessions
            self.clientID = clientID
            self.passesCredentials = passesCredentials
        }
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
    package var brokerFiles: [String]
    /// At least one; their names are unique.
    package var listeners: [Listener]
    package var userNames: UserNameRule
    package var brokerOutage: BrokerOutage
    package var formatChecking: FormatCheckingConfiguration
    package var presenceRetain: Bool
    /// `<mountpoint>gateway/<gateway id>/Status`, where the MQTT Will says `offline`; the mountpoint is left out when
    /// it holds a charge point's identity.
    package var statusTopic: Topic
    /// Nil: no statistics line (`enable_stats` off).
    package var statsInterval: Duration?
    /// Sessions are closed spread over this time when the gateway stops.
    package var drainTime: Duration
    /// What all queues of all sessions may hold, in bytes (`limits.memory`); nil: a quarter of the machine's or the
    /// container's.
    package var memoryLimit: Int?
    package var logs: LogConfiguration

    package init(
        gatewayID: ClientID,
        broker: BrokerLinkConfiguration,
        brokerFiles: [String] = [],
        listeners: [Listener] = [Listener()],
        userNames: UserNameRule = UserNameRule(),
        brokerOutage: BrokerOutage = .hold,
        formatChecking: FormatCheckingConfiguration = FormatCheckingConfiguration(),
        presenceRetain: Bool = false,
        statusTopic: Topic,
        statsInterval: Duration? = .seconds(60),
        drainTime: Duration = .seconds(10),
        memoryLimit: Int? = nil,
        logs: LogConfiguration = LogConfiguration()
    ) {
        self.gatewayID = gatewayID
        self.broker = broker
        self.brokerFiles = brokerFiles
        self.listeners = listeners
        self.userNames = userNames
        self.brokerOutage = brokerOutage
        self.formatChecking = formatChecking
        self.presenceRetain = presenceRetain
        self.statusTopic = statusTopic
        self.statsInterval = statsInterval
        self.drainTime = drainTime
        self.memoryLimit = memoryLimit
        self.logs = logs
    }
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
