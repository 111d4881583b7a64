import Authentication

/// What stands behind an ``AuthenticationGate``: it says about one charge point at a time whether it is let in.
package protocol AuthenticationBackend: Sendable {
    /// For the log: the name of the backend in the configuration.
    var name: String { get }
    /// For the log: where it is, without a password; empty where it is here.
    var server: String { get }

    /// Called once when the gateway starts or takes this backend up, before it is first asked.
    func start() async

    /// What can be said without asking anybody; nil: it is to be asked. Called on whatever thread the handshake is on.
    func refusalUnasked(_ credentials: Credentials) -> AuthenticationVerdict.Refusal?

    /// Asks. Ends early when its task is cancelled, in whatever way.
    func verdict(on credentials: Credentials) async throws(BackendFailure) -> AuthenticationVerdict

    /// Whether it has a question that is about no charge point. One that has none is found again, once it counts as down,
    /// by the handshakes that come.
    var canBeProbed: Bool { get }

    /// Whether it can be reached and makes sense of what it is asked: at start-up, and while it counts as down.
    func probe() async throws(BackendFailure)

    /// A number that is another one once something has been changed here, so that an answer from before it need not be
    /// that of now; where that cannot be known, always the same.
    func changeCount() async -> Int
}

extension AuthenticationBackend {
    package func start() async {}

    package func changeCount() async -> Int { 0 }
}
