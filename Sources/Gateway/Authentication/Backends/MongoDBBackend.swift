#if MongoDB
    import Logging
    import MongoDBAuthenticator
    import Settings

    extension MongoDBConfiguration: BackendSettings {
        init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
            self.init(&read)
        }

        func authenticator(
            _ common: AuthenticationSettings, directory: String, logger: Logger
        ) async throws -> GatewayAuthenticator {
            var own = self
            own.userName = common.username
            own.password = common.password?.text
            own.passwordFile = common.password?.file
            own.tls = common.backendTLS
            own.limits = common.limits
            let source = try MongoDBSource(own)
            return GatewayAuthenticator(
                common, server: server, stored: source, needsUserName: GatewayAuthenticator.needsUserName(filter),
                logger: logger, close: { await source.close() })
        }
    }
#endif
