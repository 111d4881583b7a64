import Authentication
import BuiltInDatabaseAuthenticator
import CredentialChecking
import Logging

/// What the command line does about users and credentials, beside a gateway that runs or without one.
extension GatewayConfiguration {
    /// The users of the built-in database, hashed as `password_hash_algorithm` says.
    ///
    /// - Parameter directory: nil: `data_dir`.
    /// - Throws: the database cannot be used.
    package func userStore(in directory: String?) throws(UserStoreFailure) -> any UserStore {
        let own = authentication.own?.settings as? BuiltInDatabaseConfiguration ?? BuiltInDatabaseConfiguration()
        return try BuiltInDatabase(own.completed(authentication, directory: directory ?? dataDirectory))
    }

    /// Asks the authenticator once, as for a handshake.
    ///
    /// - Parameter credentials: of the charge point, with what was read from the input.
    /// - Throws: what keeps an authenticator from being made, as text.
    package func check(_ check: AuthenticationCheck) async throws -> (
        outcome: AuthenticationCheck.Outcome, text: String
    ) {
        let logger = Logger(label: "check") { _ in SwiftLogNoOpLogHandler() }
        guard
            let authenticator = try await GatewayAuthenticator.make(
                authentication, directory: dataDirectory, logger: logger)
        else {
            let backend = authentication.effectiveBackend
            return (
                backend == .broker ? .unavailable : .accepted,
                backend == .broker ? "the broker decides; nobody can be asked here\n" : "everyone is let in\n"
            )
        }
        var result = await check.run(authenticator, forms: authentication.passwordForms)
        let words = authenticator.gate.status.words
        // It was found to be away before it could be asked.
        if result.outcome == .unavailable, !words.isEmpty { result.text += "the backend: \(TerminalText(words))\n" }
        await authenticator.stop()
        return result
    }
}
