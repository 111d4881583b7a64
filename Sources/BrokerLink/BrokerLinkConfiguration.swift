import OutsideNames

/// How the gateway reaches its MQTT broker.
package struct BrokerLinkConfiguration: Sendable, Equatable {
    /// One broker to try.
    package struct Address: Sendable, Equatable, CustomStringConvertible {
        package var host: String
        package var port: Int
        /// `mqtts://`: TLS by libmosquitto's OpenSSL.
        package var usesTLS: Bool

        package init(host: String, port: Int, usesTLS: Bool = false) {
            self.host = host
            self.port = port
            self.usesTLS = usesTLS
        }

        package var description: String {
            "\(usesTLS ? "mqtts" : "mqtt")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        }
    }

    package enum ProtocolVersion: String, Sendable, Equatable, CaseIterable {
        case v5 = "5"
        case v311 = "3.1.1"
    }

    package enum QualityOfService: Int32, Sendable, Equatable, CaseIterable {
        case atMostOnce = 0
        case atLeastOnce = 1
        case exactlyOnce = 2
    }

    /// TLS towards the broker; used for addresses with `usesTLS`.
    package struct TLS: Sendable, Equatable {
        /// PEM file of accepted certificate authorities; nil: the system's.
        package var caFile: String?
        package var certificateFile: String?
        package var keyFile: String?
        package var keyPassword: String?
        /// Check the broker's certificate and host name.
        package var verify = true
        package var minimumVersion = MinimumVersion.v12

        package enum MinimumVersion: String, Sendable, Equatable, CaseIterable {
            case v12 = "tlsv1.2"
            case v13 = "tlsv1.3"
        }

        package init() {}
    }

    /// What the broker publishes when this client dies (MQTT's Will).
    package struct Will: Sendable, Equatable {
        package var topic: Topic
        package var payload: String
        package var retain: Bool

        package init(topic: Topic, payload: String, retain: Bool) {
            self.topic = topic
            self.payload = payload
            self.retain = retain
        }
    }

    /// Whose the MQTT connections are.
    package enum Sessions: Sendable, Equatable {
        /// A few, for all charge points.
        case shared
        /// One for each charge point beside the shared ones, opened by `BrokerLink.logIn`.
        case perChargePoint
    }

    /// Tried in turn; at least one.
    package var addresses: [Address]
    package var username: UserName?
    package var password: String?
    /// Its first line is the password; read anew for each connection, and `password` is what was in it at the start.
    package var passwordFile: String?
    package var clientID: ClientID
    package var protocolVersion = ProtocolVersion.v5
    package var qualityOfService: QualityOfService = .atLeastOnce
    package var keepAlive: Duration = .seconds(30)
    /// How long the broker keeps subscriptions across a lost link; zero: clean start.
    package var sessionExpiry: Duration = .seconds(60)
    /// MQTT connections shared by all charge points, 1 or more.
    package var connections = 1
    package var sessions = Sessions.shared
    /// Charge points that may wait for the broker's word on them, over all connections.
    package var maxLogins = 10_000
    /// How long a charge point's login waits for the first link of the shared connection.
    package var firstLinkTime: Duration = .seconds(2)
    /// QoS 1 and 2 publishes sent and not yet acknowledged, per connection.
    package var maxInflight = 64
    /// Messages that wait for the broker, over all connections.
    package var maxPending = 100_000
    /// First and longest pause between connection attempts (jitter is taken off it).
    package var reconnectDelay: ClosedRange<Duration> = .milliseconds(500)...(.seconds(30))
    package var tls = TLS()
    /// Set on the first connection only.
    package var will: Will?
    package var longestDelivery = DeliveryLimit(16 << 20)
    /// A topic filter for the Response Topics that are taken from messages; nil: none.
    package var responseTopics: Topic?
    /// The user property `traceparent` of messages is read.
    package var readsTraceParents = false
    /// The origin of a CALL that nobody subscribes to is told so (MQTT 5 with QoS 1).
    package var refusesUnrouted = false

    package init(addresses: [Address] = [Address(host: "127.0.0.1", port: 1883)], clientID: ClientID) {
        self.addresses = addresses
        self.clientID = clientID
    }

    /// Of a shared connection: that of the first is the gateway's id.
    func clientID(ofConnection index: Int) -> ClientID {
        index == 0 ? clientID : "\(clientID)-\(index + 1)"
    }

    /// The client ids of all shared connections.
    package var ownClientIDs: [ClientID] { (0..<max(1, connections)).map(clientID(ofConnection:)) }
}

extension BrokerLinkConfiguration {
    /// MQTT 5, 4.7.
    package static func isTopicFilter(_ text: Topic) -> Bool {
        !text.isEmpty && TopicFilter.isValid(text)
    }
}
