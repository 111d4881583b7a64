/// All routes. Hummingbird's router knows neither which methods a path has (405 with `Allow`) nor who may use it, and
/// decodes a path after taking it apart at its slashes as little as before; this does all of it in one look-up.
struct RouteTable: Sendable {
    enum Match: Sendable {
        case route(Route, parameters: [String: String])
        /// There is the path, with other methods.
        case otherMethods([String])
        case nothing
    }

    let routes: [Route]

    init(_ families: [Route]...) {
        routes = families.flatMap { $0 }
    }

    /// - Parameter path: As it was sent, without the query. HEAD is asked for as GET.
    func match(_ method: String, _ path: Substring) -> Match {
        guard let segments = Self.segments(of: path) else { return .nothing }
        var methods: [String] = []
        for route in routes {
            guard let parameters = route.parameters(of: segments) else { continue }
            // `ocpp` is the only gateway.
            if let gateway = parameters["gateway"], gateway != "ocpp" { return .nothing }
            if route.method.rawValue == method { return .route(route, parameters: parameters) }
            if !methods.contains(route.method.rawValue) { methods.append(route.method.rawValue) }
        }
        return methods.isEmpty ? .nothing : .otherMethods(methods.sorted())
    }

    /// Taken apart first and decoded then: an identity may hold a slash. `/api/v5/gateway` is the older name of
    /// `/api/v5/gateways`.
    private static func segments(of path: Substring) -> [String]? {
        var segments: [String] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
            guard let text = PercentEncoding.decode(part) else { return nil }
            segments.append(text)
        }
        if segments.last == "" { segments.removeLast() }
        if segments.count > 2, segments[0] == "api", segments[1] == "v5", segments[2] == "gateway" {
            segments[2] = "gateways"
        }
        return segments
    }
}
