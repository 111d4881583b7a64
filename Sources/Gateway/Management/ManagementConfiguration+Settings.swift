import Management
import WebSocketFrontEnd

extension ManagementConfiguration {
    /// - Parameter configuration: the gateway's; `management.*` is a part of it.
    init(_ configuration: GatewayConfiguration) {
        self.init()
        let settings = configuration.management
        bind = settings.bind.map { Address(host: $0.host, port: $0.port) }
        if let name = settings.apiKey, let secret = settings.apiSecret {
            key = APIKey(name: name.text, secret: Password(Array(secret.text.utf8)), role: .administrator)
        }
        keysFile = settings.apiKeysFile
        metricsNeedKey = settings.metricsNeedKey
        if let certificates = settings.certificateFile, let privateKey = settings.keyFile {
            tls = TLSFiles(certificates: certificates, privateKey: privateKey)
        }
        isReadOnly = settings.isReadOnly
        showsPage = settings.showsPage
        tracesDirectory = configuration.dataDirectory + "/traces"
        let proxies = configuration.trustedProxies
        isTrustedProxy = { address in
            guard !proxies.isEmpty, let address = IPAddress(address) else { return false }
            return proxies.contains { $0.contains(address) }
        }
    }
}
