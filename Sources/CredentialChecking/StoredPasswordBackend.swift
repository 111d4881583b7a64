import Authentication
import Logging
import OutsideNames
import Synchronization

/// How stored passwords are judged (authentication.md, "Keys for all backends" and "Passwords").
package struct StoredPasswordSettings: Sendable, Equatable {
    package var hash = PasswordHash.standard
    package var forms = PasswordForms.ocpp
    package var userNameRule = UserNameRule()
    package var unknownIdentity = UnknownIdentityAnswer.notFound
    /// What is asked names charge points by their user name alone, so that without one nobody can be found.
    package var needsUserName = true

    package init() {}
}

/// Lets in who knows the password that a database has for it.
package final class StoredPasswordBackend: AuthenticationBackend {
    package let name: String
    package let server: String
    private let source: any CredentialSource
    private let settings: StoredPasswordSettings
    private let trial: PasswordTrial
    private let threads: HashingThreads
    private let faults = Mutex(RepeatedWords())
    private let logger: Logger

    package init(
        name: String, server: String = "", source: any CredentialSource, settings: StoredPasswordSettings,
        threads: HashingThreads = .shared, key: ProcessKey = .shared, logger: Logger
    ) {
        self.name = name
        self.server = server
        self.source = source
        self.settings = settings
        self.threads = threads
        self.logger = logger
        trial = PasswordTrial(hash: settings.hash, forms: settings.forms, key: key)
    }

    package func refusalUnasked(_ credentials: Credentials) -> AuthenticationVerdict.Refusal? {
        guard credentials.password != nil else { return .init(.wrongCredentials, reason: "no credentials") }
        if settings.needsUserName, credentials.userName?.isEmpty ?? true {
            return .init(.wrongCredentials, reason: "no user name")
        }
        return settings.userNameRule.fault(of: credentials.userName, for: credentials.identity)
            .map { .init(.wrongCredentials, reason: $0) }
    }

    package func verdict(on credentials: Credentials) async throws(BackendFailure) -> AuthenticationVerdict {
        let rows = try await source.storedCredentials(for: credentials)
        let password = credentials.password ?? []
        guard let result = await threads.run({ [trial] in trial.result(of: password, against: rows) }) else {
            throw BackendFailure(.nonsense, reason: "too many passwords wait to be hashed")
        }
        if let fault = result.fault { say(fault, about: credentials) }
        switch result.outcome {
        case .right(let row):
            let userName = credentials.userName.flatMap { $0.isEmpty ? nil : $0 }
            return .accepted(.init(userName: userName, securityProfile: row.securityProfile))
        case .wrong:
            return .refused(.init(.wrongCredentials, reason: result.fault ?? "wrong password"))
        case .unknown:
            return .refused(settings.unknownIdentity.refusal(for: credentials))
        }
    }

    package var canBeProbed: Bool { true }

    /// Asks for a charge point that nobody has: the answer is that there is none, or the server's words.
    package func probe() async throws(BackendFailure) {
        let nobody: ChargePointIdentity = "ocpp-gateway-probe"
        _ = try await source.storedCredentials(
            for: Credentials(
                identity: nobody, userName: UserName(nobody.text), password: [], peerHost: "127.0.0.1",
                listener: "probe"))
    }

    package func changeCount() async -> Int { await source.changeCount() }

    package func forgetVerified() {
        trial.forgetVerified()
    }

    /// Measures one slow hash, so that the log says how many handshakes in a second this machine can take.
    package func start() async {
        guard settings.hash.isSlow else { return }
        let duration = await threads.run { [trial] in
            ContinuousClock().measure { _ = trial.result(of: [0x61], against: []) }
        }
        guard let duration, duration > .zero else { return }
        let rate = Double(threads.count) * (.seconds(1) / duration)
        logger.info(
            "one password takes its time to hash",
            metadata: [
                "algorithm": "\(settings.hash.name)", "milliseconds": "\(Int((duration / .milliseconds(1)).rounded()))",
                "handshakes_per_second": "\(Int(rate.rounded()))",
            ])
    }

    /// An error line for the operator: what is stored is wrong, so the charge point is refused whatever it sends.
    private func say(_ fault: String, about credentials: Credentials) {
        let words = "\(credentials.identity): \(fault)"
        guard let count = faults.withLock({ $0.count(words, at: .now) }) else { return }
        logger.error(
            "authentication data is wrong",
            metadata: [
                "identity": "\(credentials.identity)", "backend": "\(name)", "reason": "\(fault)", "count": "\(count)",
            ])
    }
}
