import BrokerLink
import FoundationEssentials

/// The broker of `--broker mqtt://user@host:port`.
package struct BrokerAddress: Sendable, Equatable {
    package let address: BrokerLinkConfiguration.Address
    package let username: String?

    package init(url: String) throws(URLRefusal) {
        guard let components = URLComponents(string: url) else { throw .notAURL }
        let usesTLS: Bool
        switch components.scheme?.lowercased() {
        case "mqtt": usesTLS = false
        case "mqtts": usesTLS = true
        default: throw .scheme(expected: "mqtt:// or mqtts://")
        }
        guard components.password == nil else { throw .credentials(use: "the environment variable MQTT_PASSWORD") }
        guard let host = components.unbracketedHost else { throw .noHost }
        address = BrokerLinkConfiguration.Address(
            host: host, port: components.port ?? (usesTLS ? 8883 : 1883), usesTLS: usesTLS)
        username = components.user
    }
}
