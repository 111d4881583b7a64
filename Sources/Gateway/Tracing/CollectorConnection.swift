import BackendHTTPClient
import CredentialChecking
import NIOCore

/// One keep-alive connection to the collector, on a thread that is none of the charge points'.
struct CollectorConnection: Sendable {
    private static let connectTimeout = Duration.seconds(5)
    private static let requestTimeout = Duration.seconds(10)

    private let client: BackendHTTPClient
    private let endpoint: CollectorURL
    private let agent: String

    /// - Throws: why there can be no TLS.
    init(to endpoint: CollectorURL, version: String) throws {
        client = try BackendHTTPClient(
            url: endpoint.url, tls: BackendTLS(isEnabled: endpoint.url.isEncrypted), poolSize: 1,
            connectTimeout: Self.connectTimeout, requestTimeout: Self.requestTimeout)
        self.endpoint = endpoint
        agent = "ocpp-gateway/\(version)"
    }

    func send(_ document: ByteBuffer) async throws(BackendFailure) -> BackendHTTPClient.Answer {
        try await client.send(
            .POST, target: endpoint.url.target,
            headers: [("content-type", "application/json"), ("user-agent", agent)],
            body: Array(document.readableBytesView), bodyLimit: ExportOutcome.longestAnswer)
    }
}
