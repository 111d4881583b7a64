import BuiltInDatabaseAuthenticator
import Logging
import Settings

extension BuiltInDatabaseConfiguration: BackendSettings {
    init(_ read: inout SettingsReader, _ common: AuthenticationSettings) {
        self.init(&read)
    }

    func completed(_ common: AuthenticationSettings, directory: String) -> Self {
        var own = self
        own.directory = directory
        own.hash = common.hash
        own.forms = common.passwordForms
        own.poolSize = common.poolSize
        return own
    }

    func authenticator(
        _ common: AuthenticationSettings, directory: String, logger: Logger
    ) async throws -> GatewayAuthenticator {
        let database = try BuiltInDatabase(completed(common, directory: directory))
        if let report = try await database.addBootstrapUsers(), report.success > 0 {
            logger.info("users added from the bootstrap file", metadata: ["count": "\(report.success)"])
        }
        return GatewayAuthenticator(
            common, stored: database, needsUserName: idType == .userName, users: database, logger: logger, close: {})
    }
}
