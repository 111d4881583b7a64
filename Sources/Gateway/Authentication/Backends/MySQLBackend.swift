#if MySQL
    import Logging
    import MySQLAuthenticator
    import Settings

    extension MySQLConfiguration: BackendSettings {
        init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
            self.init(&read)
        }

        func authenticator(
            _ common: AuthenticationSettings, directory: String, logger: Logger
        ) async throws -> GatewayAuthenticator {
            var own = self
            own.userName = common.username ?? userName
            own.password = common.password?.text
            own.passwordFile = common.password?.file
            own.tls = common.backendTLS
            own.limits = common.limits
            let source = try MySQLSource(own)
            return GatewayAuthenticator(
                common, server: server, stored: source, needsUserName: GatewayAuthenticator.needsUserName(query),
                logger: logger, close: { await source.close() })
        }
    }
#endif
