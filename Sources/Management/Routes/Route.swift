/// One thing that can be asked for: a method on a path, who may, and what answers.
struct Route: Sendable {
    enum Access: Sendable {
        /// Everybody.
        case open
        /// Everybody, or a key where `management.metrics_auth` is on.
        case metrics
        /// Any key.
        case viewer
        case administrator
    }

    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case delete = "DELETE"
    }

    typealias Handler = @Sendable (ManagementRequest) async throws -> Answer

    var method: Method
    /// With names in braces: `/api/v5/gateways/{gateway}/listeners/{id}`.
    var path: String
    var segments: [String]
    var access: Access
    /// Answered with 403 under `management.read_only`.
    var changesConfiguration = false
    /// Its body may be as large as an import.
    var importsBody = false
    /// It takes as long as it takes: a CALL, an import.
    var hasOwnDeadline = false
    /// It only looks, and is a log line all the same.
    var showsSecrets = false
    var handler: Handler

    init(
        _ method: Method, _ path: String, _ access: Access, changesConfiguration: Bool = false,
        importsBody: Bool = false, hasOwnDeadline: Bool = false, showsSecrets: Bool = false,
        _ handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        segments = path.split(separator: "/").map(String.init)
        self.access = access
        self.changesConfiguration = changesConfiguration
        self.importsBody = importsBody
        self.hasOwnDeadline = hasOwnDeadline
        self.showsSecrets = showsSecrets
        self.handler = handler
    }

    /// `/api/v5/gateways/{gateway}` and what follows.
    static func gatewayPath(_ rest: String = "") -> String { "/api/v5/gateways/{gateway}" + rest }

    /// Looks at something that is no secret; no log line.
    var isReading: Bool { method == .get && !showsSecrets }

    /// What stands in `path` for the names; nil: it is another path.
    func parameters(of path: [String]) -> [String: String]? {
        guard path.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, text) in zip(segments, path) {
            if segment.hasPrefix("{") {
                guard !text.isEmpty else { return nil }
                parameters[String(segment.dropFirst().dropLast())] = text
            } else if segment != text {
                return nil
            }
        }
        return parameters
    }
}
