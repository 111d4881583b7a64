import BackendHTTPClient

/// Where traces go: a collector's address for OTLP over HTTP, with or without the path that all of them have.
package struct CollectorURL: Sendable, Equatable {
    private static let tracesPath = "/v1/traces"

    /// As it was written.
    package let text: String
    /// With the path for traces.
    let url: BackendURL

    /// Nil: not `http` or `https`, credentials in it, a query, or no host.
    init?(_ text: String) {
        guard text.utf8.count <= 2048, !text.utf8.contains(UInt8(ascii: "?")), var url = BackendURL(text) else {
            return nil
        }
        while url.target.utf8.last == UInt8(ascii: "/") { url.target.removeLast() }
        if !url.target.hasSuffix(Self.tracesPath) { url.target += Self.tracesPath }
        self.text = text
        self.url = url
    }
}
