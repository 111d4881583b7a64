import Logging
import Settings

/// A backend's own settings, and the authenticator that they make. Each backend conforms in a file of its own here; those
/// that need a C library are there where the package's trait of their name is enabled.
protocol BackendSettings: Sendable {
    /// - Parameter common: what all backends have in common, which has been read.
    init(_ read: inout SettingsReader, _ common: AuthenticationSettings)

    /// Opens nothing but the built-in database: a backend that is away at start is no error.
    ///
    /// - Parameters:
    ///   - common: completes these.
    ///   - directory: `data_dir`.
    /// - Throws: Why it cannot be: a `BackendProblems`, a `UserStoreFailure`, or the like.
    func authenticator(
        _ common: AuthenticationSettings, directory: String, logger: Logger
    ) async throws -> GatewayAuthenticator
}
