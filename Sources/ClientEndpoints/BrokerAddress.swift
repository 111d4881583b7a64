import FoundationEssentials

/// The broker of `--broker mqtt://user@host:port`.
package struct BrokerAddress: Sendable, Equatable {
    package let host: String
    package let port: Int
    package let usesTLS: Bool
    package let username: String?

    /// - Throws: what is wrong with the URL, without repeating it.
    package init(url: String) throws(URLRefusal) {
        guard let components = URLComponents(string: url) else { throw .notAURL }
        switch components.scheme?.lowercased() {
        case "mqtt": usesTLS = false
        case "mqtts": usesTLS = true
        default: throw .scheme(expected: "mqtt:// or mqtts://")
        }
        guard components.password == nil else { throw .credentials(use: "the environment variable MQTT_PASSWORD") }
        guard let host = components.unbracketedHost else { throw .noHost }
        self.host = host
        port = components.port ?? (usesTLS ? 8883 : 1883)
        username = components.user
    }
}
