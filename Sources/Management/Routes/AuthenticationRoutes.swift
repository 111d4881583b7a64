import OutsideNames

/// The one authenticator, and what one asks it.
enum AuthenticationRoutes {
    static func routes(_ operations: any GatewayOperations) -> [Route] {
        let path = Route.gatewayPath("/authentication")
        return [
            Route(.get, path, .viewer) { _ in
                guard let authenticator = await operations.authenticator() else { return .empty() }
                return .json(200, json(authenticator))
            },
            Route(.post, path, .administrator, changesConfiguration: true) { request in
                let settings = JSON.object(try await request.object()).without(onlyAnswered)
                guard await operations.authenticator() == nil else {
                    throw APIError.badRequest("there is an authenticator already")
                }
                let created = try await operations.createAuthenticator(settings)
                return .json(201, json(created), changed: HiddenSecrets.hide(settings).compactText)
            },
            Route(.put, path, .administrator, changesConfiguration: true) { request in
                let settings = JSON.object(try await request.object()).without(onlyAnswered)
                guard await operations.authenticator() != nil else { throw noAuthenticator }
                let replaced = try await operations.replaceAuthenticator(settings)
                return .json(200, json(replaced), changed: HiddenSecrets.hide(settings).compactText)
            },
            Route(.delete, path, .administrator, changesConfiguration: true) { _ in
                guard await operations.authenticator() != nil else { throw noAuthenticator }
                try await operations.deleteAuthenticator()
                return .empty(changed: "authenticator deleted")
            },
            // A place to guess passwords at: not for every key.
            Route(.post, path + "/test", .administrator) { request in try await test(operations, request) },
            Route(.delete, path + "/cache", .administrator) { _ in
                guard await operations.authenticator() != nil else { throw noAuthenticator }
                await operations.emptyAuthenticationCache()
                return .empty(changed: "cache emptied")
            },
        ]
    }

    /// Members that only answers have; sent back, they mean nothing.
    private static let onlyAnswered = ["id", "chain_name", "status"]
    private static var noAuthenticator: APIError { .notFound("there is no authenticator") }

    /// EMQX's form.
    static func json(_ authenticator: JSON) -> JSON {
        var members = HiddenSecrets.hide(authenticator).without(["id", "chain_name"]).members ?? []
        let mechanism = authenticator["mechanism"]?.string ?? "password_based"
        let backend = authenticator["backend"]?.string
        members.append(JSON.Member("id", .string(backend.map { "\(mechanism):\($0)" } ?? mechanism)))
        members.append(JSON.Member("chain_name", "ocpp:global"))
        return .object(members)
    }

    private static func test(_ operations: any GatewayOperations, _ request: ManagementRequest) async throws -> Answer {
        let body = try await request.object()
        try body.allow("clientid", "username", "password")
        let identity = try body.text("clientid")
        guard (1...255).contains(identity.utf8.count) else {
            throw APIError.badRequest("Bad value for \"clientid\": expected 1 to 255 bytes")
        }
        let tried = TriedCredentials(
            identity: ChargePointIdentity(identity), userName: try body.optionalText("username").map { UserName($0) },
            password: try body.optionalText("password").map { Password(Array($0.utf8)) })
        let result = try await operations.testCredentials(tried)
        return .json(
            200,
            [
                "result": .string(result.result), "status": .integer(result.status), "reason": .string(result.reason),
                "took_ms": .integer(result.milliseconds),
            ], changed: "nothing: credentials of \(identity) tried")
    }
}
