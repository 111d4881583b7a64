import Authentication
import CredentialChecking
import JWTAuthenticator
import Logging
import Settings

/// The authenticator as the settings describe it: the gate, and what stands behind it with all that it has opened.
final class GatewayAuthenticator: Authenticator {
    let settings: AuthenticationSettings
    let gate: AuthenticationGate
    /// Of the built-in database; nil: users are kept elsewhere.
    let users: (any UserStore)?
    let takesTokens: Bool
    let userNameIsSecret: Bool
    private let tasks: [Task<Void, Never>]
    private let close: @Sendable () async -> Void

    /// Opens nothing but the built-in database: a backend that is away at start is no error.
    ///
    /// - Parameter directory: `data_dir`.
    /// - Returns: Nil where nobody is asked: `none` and `broker`.
    /// - Throws: Why it cannot be: a `BackendProblems`, a `UserStoreFailure`, or the like.
    static func make(
        _ settings: AuthenticationSettings, directory: String, logger: Logger
    ) async throws -> GatewayAuthenticator? {
        guard settings.effectiveBackend.isAsked else { return nil }
        // Nil would let everybody in.
        guard let own = settings.own?.settings else { throw MissingBackend() }
        return try await own.authenticator(settings, directory: directory, logger: logger)
    }

    /// The program was built without the backend that is asked for.
    private struct MissingBackend: Error, CustomStringConvertible {
        let description = "this program has no such backend"
    }

    /// What keeps an authenticator from being made, key by key where that can be said.
    static func problems(from error: any Error) -> [SettingProblem] {
        switch error {
        case let problems as BackendProblems:
            problems.problems.map { SettingProblem(key: "authentication.\($0.key)", expectation: $0.reason) }
        case let problem as JWTAuthenticator.Problem:
            [SettingProblem(key: "authentication.\(problem.key)", expectation: problem.words)]
        default: [SettingProblem(key: "authentication.backend", expectation: "\(error)".shownInOneLine)]
        }
    }

    /// A query that names charge points by their user name alone finds nobody without one.
    static func needsUserName(_ text: String) -> Bool {
        (try? CredentialTemplate(text))?.fields.needUserName ?? false
    }

    convenience init(
        _ settings: AuthenticationSettings, server: String = "", stored source: any CredentialSource,
        needsUserName: Bool, users: (any UserStore)? = nil, logger: Logger,
        close: @escaping @Sendable () async -> Void
    ) {
        var passwords = settings.storedPasswords
        passwords.needsUserName = needsUserName
        let backend = StoredPasswordBackend(
            name: settings.backend.rawValue, server: server, source: source, settings: passwords, logger: logger)
        self.init(
            settings, backend: backend, users: users, takesTokens: false, userNameIsSecret: false,
            run: nil, logger: logger, close: close)
    }

    convenience init(
        _ settings: AuthenticationSettings, server: String, decides source: any VerdictSource,
        takesTokens: Bool = false, userNameIsToken: Bool = false, run: (@Sendable () async -> Void)? = nil,
        logger: Logger,
        close: @escaping @Sendable () async -> Void
    ) {
        self.init(
            settings,
            backend: DirectVerdictBackend(
                name: settings.backend.rawValue, server: server, source: source,
                settings: settings.directVerdicts(userNameIsToken: userNameIsToken)),
            users: nil, takesTokens: takesTokens, userNameIsSecret: userNameIsToken, run: run, logger: logger,
            close: close)
    }

    private init(
        _ settings: AuthenticationSettings, backend: any AuthenticationBackend, users: (any UserStore)?,
        takesTokens: Bool, userNameIsSecret: Bool, run: (@Sendable () async -> Void)?, logger: Logger,
        close: @escaping @Sendable () async -> Void
    ) {
        self.settings = settings
        self.users = users
        self.takesTokens = takesTokens
        self.userNameIsSecret = userNameIsSecret
        self.close = close
        let gate = AuthenticationGate(backend: backend, configuration: settings.gate, logger: logger)
        self.gate = gate
        tasks = [Task { await gate.start() }] + (run.map { run in [Task { await run() }] } ?? [])
    }

    var backendName: String { gate.backendName }

    func authenticate(_ credentials: Credentials) async -> AuthenticationVerdict {
        await gate.authenticate(credentials)
    }

    /// Sends away who waits, and closes all connections. Nothing may be asked any more.
    func stop() async {
        for task in tasks { task.cancel() }
        gate.close()
        await close()
    }
}
