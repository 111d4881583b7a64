import NIOCore
import OutsideNames

/// A command by HTTP, and the schemas that say what may be in it.
enum CallRoutes {
    static func routes(_ operations: any GatewayOperations, _ directory: ClientDirectory) -> [Route] {
        [
            Route(.post, Route.gatewayPath("/clients/{clientid}/calls"), .administrator, hasOwnDeadline: true) {
                request in
                let entry = try await ClientRoutes.entries(request, operations, directory)[0]
                let call = try await ChargePointCall(request)
                let answer = try await operations.call(entry.key, call)
                return .json(
                    200, bytes: json(answer),
                    changed: "\(call.action) sent to \(request.parameter("clientid")), \(answer.outcome.words)")
            },
            Route(.get, Route.gatewayPath("/schemas/{version}"), .viewer) { request in
                let version = request.parameter("version")
                guard let actions = await operations.actions(toChargePointIn: version) else {
                    throw APIError.notFound("there is no version \(version.shortened)")
                }
                return .json(200, .array(actions.sorted().map { .string($0) }))
            },
            Route(.get, Route.gatewayPath("/schemas/{version}/{action}"), .viewer) { request in
                let action = request.parameter("action")
                let version = request.parameter("version")
                guard let schema = await operations.requestSchema(of: action, in: version) else {
                    throw APIError.notFound("there is no schema of \(action.shortened) in \(version.shortened)")
                }
                return .json(200, bytes: schema)
            },
        ]
    }

    private static func json(_ answer: ChargePointAnswer) -> ByteBuffer {
        var writer = JSONWriter()
        writer.beginObject()
        writer.member("unique_id", answer.uniqueID.text)
        switch answer.outcome {
        case .result(let payload): writer.member("result", .verbatim(payload))
        case .error(let code, let description, let details):
            writer.member(
                "error",
                ["code": .string(code), "description": .string(description), "details": .verbatim(details)])
        }
        writer.endObject()
        return writer.bytes
    }
}

extension ChargePointAnswer.Outcome {
    /// For the log, without the payload.
    fileprivate var words: String {
        switch self {
        case .result: "answered"
        case .error(let code, _, _): "answered with \(code)"
        }
    }
}

extension ChargePointCall {
    /// The payload's bytes go to the charge point as they were sent here.
    fileprivate init(_ request: ManagementRequest) async throws {
        try request.requireJSON()
        let bytes = try await request.bytes()
        guard let members = try JSON(reading: bytes).members else {
            throw APIError.badRequest("expected a JSON object")
        }
        try members.allow("action", "payload", "timeout")
        let action = try members.text("action")
        guard (1...50).contains(action.utf8.count) else {
            throw APIError.badRequest("Bad value for \"action\": expected the name of an OCPP action")
        }
        guard members.value(of: "payload").map({ $0.members != nil }) ?? true else {
            throw APIError.badRequest("Bad value for \"payload\": expected an object")
        }
        let timeout = try members.optionalDuration("timeout")
        guard timeout.map({ $0 > .zero && $0 <= .seconds(600) }) ?? true else {
            throw APIError.badRequest("Bad value for \"timeout\": expected 1ms to 10m")
        }
        self.init(
            action: action, payload: JSON.verbatim("payload", in: bytes) ?? ByteBuffer(string: "{}"), timeout: timeout)
    }
}
