import NIOCore
import OutsideNames

/// What is told as it happens, by server-sent events.
enum StreamRoutes {
    static func routes(
        _ operations: any GatewayOperations, _ directory: ClientDirectory, _ permits: Permits
    ) -> [Route] {
        [
            Route(.get, Route.gatewayPath("/clients/{clientid}/messages"), .viewer) { request in
                try await frames(operations, directory, request, try permit(permits))
            },
            Route(.get, Route.gatewayPath("/events"), .viewer) { request in
                try await events(operations, request, try permit(permits))
            },
        ]
    }

    private static func permit(_ permits: Permits) throws -> Permit {
        guard let permit = permits.take() else { throw APIError.unavailable("too many streams", retryAfter: 10) }
        return permit
    }

    private static func frames(
        _ operations: any GatewayOperations, _ directory: ClientDirectory, _ request: ManagementRequest,
        _ permit: Permit
    ) async throws -> Answer {
        let entry = try await ClientRoutes.entries(request, operations, directory)[0]
        let stream = EventStream(permit: permit, channel: request.channel)
        let watch = await operations.watchFrames(of: entry.key) { frame in
            stream.send(EventStream.Event(name: "message", content: frame.json))
        } ended: {
            stream.end()
        }
        guard let watch else { throw await ClientRoutes.notConnected(request, operations) }
        return .stream { writer in try await stream.run(watch, into: &writer) }
    }

    private static func events(
        _ operations: any GatewayOperations, _ request: ManagementRequest, _ permit: Permit
    ) async throws -> Answer {
        let kinds = try kinds(request.query["types"])
        let identity = request.query["clientid"].map { ChargePointIdentity($0) }
        let stream = EventStream(permit: permit, channel: request.channel)
        let watch = await operations.watchEvents { event in
            guard kinds.contains(event.kind), identity == nil || event.identity == identity else { return }
            stream.send(EventStream.Event(name: event.kind.rawValue, content: event.content))
        }
        return .stream { writer in try await stream.run(watch, into: &writer) }
    }

    private static func kinds(_ types: String?) throws -> Set<GatewayEvent.Kind> {
        guard let types else { return Set(GatewayEvent.Kind.allCases) }
        var kinds: Set<GatewayEvent.Kind> = []
        for type in types.split(separator: ",") {
            guard let kind = GatewayEvent.Kind(rawValue: String(type)) else {
                let known = GatewayEvent.Kind.allCases.map(\.rawValue).joined(separator: ", ")
                throw APIError.badRequest("Bad value \"\(String(type).shortened)\" for \"types\": expected \(known)")
            }
            kinds.insert(kind)
        }
        return kinds
    }
}

extension FrameEvent {
    fileprivate var json: JSON {
        ["time": .string(time.text), "direction": .string(direction.rawValue), "frame": .string(frame)]
    }
}
