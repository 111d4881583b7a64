import BackendHTTPClient
import CredentialChecking

/// What `authentication.backend: jwt` is told (authentication.md, "Backends").
package struct JWTAuthenticatorSettings: Sendable {
    package enum Source: String, Sendable, CaseIterable {
        case password, username
    }

    /// Where the keys are; exactly one.
    package enum Keys: Sendable {
        /// HS256, HS384, HS512.
        case secret([UInt8])
        /// A public key or certificate in PEM.
        case publicKey(pem: String)
        /// A JSON Web Key Set.
        case endpoint(url: String, headers: [(name: String, value: String)], refreshInterval: Duration)
    }

    package var from = Source.password
    package var keys: Keys
    /// Claims that must be there, with placeholders in their values.
    package var verifyClaims: [(name: String, value: String)] = []
    package var disconnectsAfterExpiry = true
    package var leeway = Duration.zero
    package var requiresExpiry = false
    /// For the endpoint.
    package var poolSize = 8
    package var connectTimeout = Duration.seconds(5)
    package var requestTimeout = Duration.seconds(5)
    package var tls = BackendTLS()

    package init(keys: Keys) {
        self.keys = keys
    }
}
