import NIOCore

/// Health and status: open to everybody, and without a version.
enum HealthRoutes {
    static func routes(_ operations: any GatewayOperations) -> [Route] {
        let status: Route.Handler = { request in await Self.status(operations, request) }
        return [
            Route(.get, "/healthz", .open) { _ in
                switch await operations.liveness() {
                case .alive: .text("ok")
                case .stalled(let what): .text("stalled: \(what.joined(separator: ", "))\n", status: 503)
                }
            },
            Route(.get, "/readyz", .open) { _ in readiness(await operations.readiness()) },
            Route(.get, "/status", .open, status),
            Route(.get, "/api/v5/status", .open, status),
            Route(.get, "/api/v5/whoami", .viewer) { request in
                .json(200, ["key": .text(request.caller?.key), "role": .text(request.caller?.role.rawValue)])
            },
            Route(.get, "/api/v5/version", .viewer) { _ in
                .json(200, ["version": .string(operations.gatewayVersion), "commit": .text(operations.gatewayCommit)])
            },
        ]
    }

    private static func readiness(_ readiness: Readiness) -> Answer {
        var answer = Answer.json(
            readiness.isReady ? 200 : 503,
            [
                "ready": .bool(readiness.isReady),
                "checks": [
                    "listeners": .string(readiness.listeners.rawValue), "broker": .string(readiness.broker.rawValue),
                    "authentication": .string(readiness.authentication.rawValue),
                    "draining": .string(readiness.isDraining ? "yes" : "no"),
                ],
            ])
        if !readiness.isReady { answer.headers[.retryAfter] = "5" }
        return answer
    }

    /// EMQX's words.
    private static func status(_ operations: any GatewayOperations, _ request: ManagementRequest) async -> Answer {
        let isReady = await operations.readiness().isReady
        let status = isReady ? 200 : 503
        let running = isReady ? "running" : "not_running"
        var answer: Answer
        if request.query["format"] == "json" {
            answer = .json(
                status,
                [
                    "node_name": .string(operations.gatewayID), "broker_status": "started",
                    "app_status": .string(running),
                ])
        } else {
            let words = isReady ? "running" : "not running"
            answer = .text("Node \(operations.gatewayID) is started\nocpp-gateway is \(words)", status: status)
        }
        if !isReady { answer.headers[.retryAfter] = "5" }
        return answer
    }
}
