/// Decides who is let in: one for each backend (`authentication.backend`). With `none` there is no authenticator.
package protocol Authenticator: Sendable {
    /// Called once for each handshake. Its task is cancelled when the charge point's socket closes: what has not been
    /// asked then need not be asked any more, and the verdict goes nowhere.
    func authenticate(_ credentials: Credentials) async -> AuthenticationVerdict

    /// For log lines: the backend's name in the configuration.
    var backendName: String { get }
    /// `Authorization: Bearer` is a way in: a 401 names it beside Basic.
    var takesTokens: Bool { get }
    /// What HTTP Basic calls the user name is a secret (`jwt`, `from: username`): it gets into no log.
    var userNameIsSecret: Bool { get }
}

extension Authenticator {
    package var takesTokens: Bool { false }
    package var userNameIsSecret: Bool { false }
}
