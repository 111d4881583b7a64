import Authentication
import BackendHTTPClient
import CredentialChecking
import NIOHTTP1

/// Asks an HTTP server (authentication.md, "HTTP server"). It is asked without credentials too: it may decide by the
/// certificate.
package struct HTTPAuthenticator: VerdictSource {
    private let template: HTTPRequestTemplate
    private let method: HTTPMethod
    private let client: BackendHTTPClient
    private let now: @Sendable () -> Int64

    /// For the log: without the path and the query, where somebody may have put a key.
    package var server: String { template.server.origin(host: template.server.host) }

    /// - Parameter now: seconds since 1970.
    /// - Throws: what is wrong with the settings, or with a file that they name.
    package init(_ settings: HTTPAuthenticatorSettings, now: @escaping @Sendable () -> Int64) throws {
        template = try HTTPRequestTemplate(settings)
        method = settings.method == .get ? .GET : .POST
        client = try BackendHTTPClient(
            url: template.server, tls: settings.tls, poolSize: settings.poolSize,
            connectTimeout: settings.connectTimeout, requestTimeout: settings.requestTimeout)
        self.now = now
    }

    package func verdict(for credentials: Credentials) async throws(BackendFailure) -> BackendVerdict {
        guard let request = template.request(for: credentials) else {
            return .deny(reason: "a value with control characters does not go into a header")
        }
        let answer = try await client.send(
            method, target: request.target, headers: request.headers, body: request.body,
            bodyLimit: HTTPAnswer.longestBody)
        let meaning = try HTTPAnswer(
            status: answer.status, contentType: answer.contentType, retryAfter: answer.retryAfter, body: answer.body
        ).meaning(now: now())
        return switch meaning {
        case .allow(let expiry, let profile):
            .accept(userName: credentials.userName, expiry: expiry, securityProfile: profile)
        case .deny(let reason): .deny(reason: reason)
        case .unknown: .unknown
        }
    }

    package func shutDown() async {
        await client.shutDown()
    }
}
