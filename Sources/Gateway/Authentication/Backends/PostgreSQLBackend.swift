#if PostgreSQL
    import Logging
    import PostgreSQLAuthenticator
    import Settings

    extension PostgreSQLConfiguration: BackendSettings {
        init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
            if common.username == nil, !read.layers.isEmpty {
                read.problem("authentication.username", "expected a value: postgresql needs it")
            }
            self.init(&read)
        }

        func authenticator(
            _ common: AuthenticationSettings, directory: String, logger: Logger
        ) async throws -> GatewayAuthenticator {
            var own = self
            own.userName = common.username ?? ""
            own.password = common.password?.text
            own.passwordFile = common.password?.file
            own.tls = common.backendTLS
            own.limits = common.limits
            let source = try PostgreSQLSource(own)
            return GatewayAuthenticator(
                common, server: server, stored: source, needsUserName: GatewayAuthenticator.needsUserName(query),
                logger: logger, close: { await source.close() })
        }
    }
#endif
