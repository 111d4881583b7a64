/// The gateway as a whole, in EMQX's form.
enum GatewayRoutes {
    static func routes(_ operations: any GatewayOperations) -> [Route] {
        [
            Route(.get, "/api/v5/gateways", .viewer) { request in try await list(operations, request) },
            Route(.get, Route.gatewayPath(), .viewer) { _ in .json(200, await gateway(operations)) },
            Route(.put, Route.gatewayPath(), .administrator, changesConfiguration: true) { request in
                let change = JSON.object(try await request.object())
                if change["authentication"] != nil {
                    throw APIError.badRequest("\"authentication\" has a path of its own below this one")
                }
                try await operations.changeGateway(HiddenSecrets.withoutUnchanged(change.withoutRead))
                return .empty(changed: HiddenSecrets.hide(change).compactText)
            },
            Route(.put, Route.gatewayPath("/enable/{enable}"), .administrator, changesConfiguration: true) {
                request in
                guard let enable = Bool(request.parameter("enable")) else {
                    throw APIError.badRequest("expected true or false at the end of the path")
                }
                try await operations.setGateway(enabled: enable)
                return .empty(changed: enable ? "started" : "stopped")
            },
        ]
    }

    private static func list(
        _ operations: any GatewayOperations, _ request: ManagementRequest
    ) async throws -> Answer {
        let wanted = request.query["status"]
        guard ["running", "stopped", "unloaded", nil].contains(wanted) else {
            throw APIError.badRequest("Bad value for \"status\": expected running, stopped or unloaded")
        }
        let summary = await operations.gatewaySummary()
        let status = summary.isRunning ? "running" : "stopped"
        guard wanted == nil || wanted == status else { return .json(200, []) }
        var members = head(summary)
        members += [
            JSON.Member("max_connections", .integer(summary.maximumConnections)),
            JSON.Member("current_connections", .integer(summary.currentConnections)),
            JSON.Member(
                "listeners",
                .array(
                    await operations.listeners().sortedByID.map { listener in
                        [
                            "id": .string(listener.id.description), "type": .string(listener.id.type),
                            "name": .string(listener.id.name), "running": .bool(listener.isRunning),
                        ]
                    })),
            JSON.Member(
                "node_status",
                [
                    [
                        "node": .string(operations.gatewayID), "status": .string(status),
                        "max_connections": .integer(summary.maximumConnections),
                        "current_connections": .integer(summary.currentConnections),
                    ]
                ]),
        ]
        return .json(200, [.object(members)])
    }

    private static func gateway(_ operations: any GatewayOperations) async -> JSON {
        let summary = await operations.gatewaySummary()
        var members = head(summary)
        members += await operations.gatewaySettings().members ?? []
        let listeners = await operations.listeners().sortedByID
        members.append(
            JSON.Member("listeners", .array(listeners.map { ListenerRoutes.json($0, node: operations.gatewayID) })))
        if let authenticator = await operations.authenticator() {
            members.append(JSON.Member("authentication", AuthenticationRoutes.json(authenticator)))
        }
        return HiddenSecrets.hide(.object(members))
    }

    private static func head(_ summary: GatewaySummary) -> [JSON.Member] {
        var members: [JSON.Member] = [
            JSON.Member("name", "ocpp"),
            JSON.Member("status", summary.isRunning ? "running" : "stopped"),
            JSON.Member("created_at", .string(summary.createdAt.text)),
        ]
        if let time = summary.startedAt { members.append(JSON.Member("started_at", .string(time.text))) }
        if let time = summary.stoppedAt { members.append(JSON.Member("stopped_at", .string(time.text))) }
        return members
    }
}

extension JSON {
    /// An answer may be sent back as it came: what only answers have is left out.
    fileprivate var withoutRead: JSON {
        let change = without(["name", "status", "created_at", "started_at", "stopped_at", "node_status"])
        guard case .object(let members) = change else { return change }
        return .object(
            members.map { member in
                guard member.key == "listeners", let listeners = member.value.elements else { return member }
                return Member(member.key, .array(listeners.map { $0.without(ListenerRoutes.onlyAnswered) }))
            })
    }
}
