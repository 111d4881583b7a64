import BackendHTTPClient
import CredentialChecking

/// What `authentication.backend: http` is told (authentication.md, "Backends").
package struct HTTPAuthenticatorSettings: Sendable {
    package enum Method: String, Sendable, CaseIterable {
        case get, post
    }

    package var method = Method.post
    /// With placeholders in its path and query.
    package var url = ""
    package var headers: [(name: String, value: String)] = []
    package var body: [(name: String, value: String)] = [
        ("clientid", "${clientid}"), ("username", "${username}"), ("password", "${password}"),
    ]
    package var poolSize = 8
    package var connectTimeout = Duration.seconds(5)
    package var requestTimeout = Duration.seconds(5)
    package var tls = BackendTLS()

    package init() {}
}
