import Authentication
import BuiltInDatabaseAuthenticator
import CredentialChecking
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
        let own = completed(common, directory: directory)
        let database = try BuiltInDatabase(own)
        let report: UserImportReport?
        do throws(UserStoreFailure) {
            report = try await database.addBootstrapUsers()
        } catch {
            if let problems = own.bootstrapProblems(error) { throw problems }
            throw error
        }
        if let report, report.success > 0 {
            logger.info("users added from the bootstrap file", metadata: ["count": "\(report.success)"])
        }
        return GatewayAuthenticator(
            common, stored: database, needsUserName: idType == .userName, users: database, logger: logger, close: {})
    }

    /// What is wrong with the bootstrap file; the database is not looked at.
    func bootstrapProblems(_ common: AuthenticationSettings, directory: String) -> BackendProblems? {
        let own = completed(common, directory: directory)
        do throws(UserStoreFailure) {
            try own.checkBootstrapFile()
            return nil
        } catch {
            return own.bootstrapProblems(error)
        }
    }

    /// Of a failure to take the bootstrap file in; nil: it is the database's, not the file's.
    private func bootstrapProblems(_ failure: UserStoreFailure) -> BackendProblems? {
        guard let path = bootstrap?.path else { return nil }
        let words: String
        switch failure {
        case .badFile(let reason): words = reason
        case .badRows, .invalid: words = "\(path): \(failure)"
        case .exists, .notFound, .unavailable: return nil
        }
        return BackendProblems([BackendProblem("bootstrap_file", "expected a file of users: \(words)")])
    }
}
