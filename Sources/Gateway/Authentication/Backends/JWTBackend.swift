import BoundedFiles
import FoundationEssentials
import JWTAuthenticator
import Logging
import Settings

extension JWTAuthenticatorSettings: BackendSettings {
    init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
        self.init(&read, readFile: BoundedFile.reader)
    }

    func authenticator(
        _ common: AuthenticationSettings, directory: String, logger: Logger
    ) async throws -> GatewayAuthenticator {
        var own = self
        own.tls = common.backendTLS
        own.poolSize = common.poolSize
        own.connectTimeout = common.connectTimeout
        let source = try await JWTAuthenticator(own, now: { Date().timeIntervalSince1970 }, logger: logger)
        return GatewayAuthenticator(
            common, server: "", decides: source, takesTokens: true, userNameIsToken: from == .username,
            run: { await source.run() }, logger: logger, close: { await source.shutDown() })
    }
}
