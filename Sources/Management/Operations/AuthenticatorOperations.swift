import OutsideNames

/// The one authenticator (`/gateways/ocpp/authentication`).
package protocol AuthenticatorOperations: Sendable {
    /// Its settings with `mechanism`, `backend`, `enable`, and `status` (`connected`, `connecting`, `disconnected`);
    /// secrets as ``HiddenSecrets/mark``. Nil: there is none.
    func authenticator() async -> JSON?

    /// - Throws: `refused`: one is there, or the settings are wrong.
    func createAuthenticator(_ settings: JSON) async throws(OperationFailure) -> JSON

    /// Another backend too. A secret that is ``HiddenSecrets/mark`` is the one that it has now.
    /// - Throws: `notFound`: there is none.
    func replaceAuthenticator(_ settings: JSON) async throws(OperationFailure) -> JSON

    func deleteAuthenticator() async throws(OperationFailure)

    /// Asks the authenticator once, as for a handshake.
    /// - Throws: `notFound`: there is none.
    func testCredentials(_ credentials: TriedCredentials) async throws(OperationFailure) -> CredentialTestResult

    /// Forgets kept verdicts.
    func emptyAuthenticationCache() async
}

/// `POST …/authentication/test`.
package struct TriedCredentials: Sendable {
    package var identity: ChargePointIdentity
    package var userName: UserName?
    package var password: Password?

    package init(identity: ChargePointIdentity, userName: UserName?, password: Password?) {
        self.identity = identity
        self.userName = userName
        self.password = password
    }
}

package struct CredentialTestResult: Sendable, Equatable {
    /// What the handshake would be answered: 101, 401, 404, 503.
    package var status: Int
    package var reason: String
    package var milliseconds: Int

    package init(status: Int, reason: String, milliseconds: Int) {
        self.status = status
        self.reason = reason
        self.milliseconds = milliseconds
    }

    /// `allow`, `deny`, `unknown`, `unavailable`, as in the metrics.
    package var result: String {
        switch status {
        case 101: "allow"
        case 404: "unknown"
        case 503: "unavailable"
        default: "deny"
        }
    }
}

/// A password on its way to whoever keeps or checks it; shown by nothing.
package struct Password: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var bytes: [UInt8]

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    package var description: String { HiddenSecrets.mark }
    package var debugDescription: String { description }
    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
