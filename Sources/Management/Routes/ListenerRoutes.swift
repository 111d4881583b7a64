/// Listeners: look, add, change, delete, start and stop.
enum ListenerRoutes {
    static func routes(_ operations: any GatewayOperations) -> [Route] {
        let one = Route.gatewayPath("/listeners/{id}")
        let node = operations.gatewayID
        return [
            Route(.get, Route.gatewayPath("/listeners"), .viewer) { _ in
                .json(200, .array(await operations.listeners().sortedByID.map { json($0, node: node) }))
            },
            Route(.post, Route.gatewayPath("/listeners"), .administrator, changesConfiguration: true) {
                request in
                let settings = JSON.object(try await request.object())
                try checkNames(settings)
                let listener = try await operations.addListener(settings.without(onlyAnswered))
                return .json(201, json(listener, node: node), changed: HiddenSecrets.hide(settings).compactText)
            },
            Route(.get, one, .viewer) { request in
                let id = try id(request)
                guard let listener = await operations.listeners().first(where: { $0.id == id }) else {
                    throw noListener(id.description)
                }
                return .json(200, json(listener, node: node))
            },
            Route(.put, one, .administrator, changesConfiguration: true) { request in
                let id = try id(request)
                let settings = JSON.object(try await request.object())
                try checkSameNames(settings, id)
                let listener = try await operations.changeListener(
                    id, to: HiddenSecrets.withoutUnchanged(settings.without(onlyAnswered)))
                return .json(200, json(listener, node: node), changed: HiddenSecrets.hide(settings).compactText)
            },
            Route(.delete, one, .administrator, changesConfiguration: true) { request in
                let id = try id(request)
                try await operations.deleteListener(id)
                return .empty(changed: "\(id) deleted")
            },
        ]
            + ListenerCommand.allCases.map { command in
                Route(.post, one + "/\(command.rawValue)", .administrator, changesConfiguration: true) { request in
                    let id = try id(request)
                    try await operations.control(id, command)
                    return .empty(200, changed: "\(id) \(command.rawValue)")
                }
            }
    }

    /// Members that only answers have; sent back, they mean nothing.
    static let onlyAnswered = ["id", "running", "status", "node_status"]

    /// EMQX's form: its keys, and how it is.
    static func json(_ listener: ListenerSummary, node: String) -> JSON {
        let status: JSON = [
            "running": .bool(listener.isRunning), "max_connections": .integer(listener.maximumConnections),
            "current_connections": .integer(listener.currentConnections),
        ]
        var members: [JSON.Member] = [
            JSON.Member("id", .string(listener.id.description)), JSON.Member("type", .string(listener.id.type)),
            JSON.Member("name", .string(listener.id.name)),
        ]
        members += HiddenSecrets.hide(listener.settings).members ?? []
        members += [
            JSON.Member("running", .bool(listener.isRunning)), JSON.Member("status", status),
            JSON.Member("node_status", [["node": .string(node), "status": status]]),
        ]
        return .object(members)
    }

    private static func id(_ request: ManagementRequest) throws -> ListenerID {
        guard let id = ListenerID(request.parameter("id")) else { throw noListener(request.parameter("id")) }
        return id
    }

    private static func noListener(_ id: String) -> APIError { .notFound("there is no listener \(id.shortened)") }

    private static func checkNames(_ settings: JSON) throws {
        guard let type = settings["type"]?.string, type == "ws" || type == "wss" else {
            throw APIError.badRequest("Bad value for \"type\": expected ws or wss")
        }
        guard let name = settings["name"]?.string, !name.isEmpty else {
            throw APIError.badRequest("\"name\" is missing")
        }
    }

    /// A listener keeps its name for life.
    private static func checkSameNames(_ settings: JSON, _ id: ListenerID) throws {
        for (key, value) in [("id", id.description), ("type", id.type), ("name", id.name)] {
            guard let sent = settings[key] else { continue }
            guard sent == .string(value) else { throw APIError.badRequest("\"\(key)\" cannot be changed") }
        }
    }
}

extension [ListenerSummary] {
    /// In the order of the bytes of their ids.
    var sortedByID: Self {
        sorted { $0.id.description.utf8.lexicographicallyPrecedes($1.id.description.utf8) }
    }
}
