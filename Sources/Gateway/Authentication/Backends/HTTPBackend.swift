import FoundationEssentials
import HTTPAuthenticator
import Logging
import Settings

extension HTTPAuthenticatorSettings: BackendSettings {
    init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
        self.init(&read)
    }

    func authenticator(
        _ common: AuthenticationSettings, directory: String, logger: Logger
    ) async throws -> GatewayAuthenticator {
        var own = self
        own.tls = common.backendTLS
        own.poolSize = common.poolSize
        own.connectTimeout = common.connectTimeout
        let source = try HTTPAuthenticator(own, now: { Int64(Date().timeIntervalSince1970) })
        return GatewayAuthenticator(
            common, server: source.server, decides: source, logger: logger, close: { await source.shutDown() })
    }
}
