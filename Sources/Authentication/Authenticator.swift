/// Decides who is let in: one for each backend (`authentication.backend`). With `none` there is no authenticator.
package protocol Authenticator: Sendable {
    /// Called once for each handshake. Its task is cancelled when the charge point's socket closes: what has not been
    /// asked then need not be asked any more, and the verdict goes nowhere.
    func authenticate(_ credentials: Credentials) async -> AuthenticationVerdict
}
