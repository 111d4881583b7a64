import Authentication
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import Synchronization

/// From a request to its answer: who asks, for what, may they, and what is said about it in the log.
struct ManagementResponder: HTTPResponder {
    struct Context: InitializableFromSource {
        let channel: any Channel

        init(source: ApplicationRequestContextSource) {
            channel = source.channel
        }
    }

    let routes: RouteTable
    let gatekeeper: Gatekeeper
    let limits: ManagementConfiguration.Limits
    let metricsNeedKey: Bool
    let isReadOnly: Bool
    let executor: LoopTaskExecutor
    let requests: RequestCount
    let places: ConnectionPlaces
    let logger: Logger

    func respond(to request: Request, context: Context) async throws -> Response {
        requests.add()
        let isHead = request.method == .head
        let answer: Answer
        do {
            answer = try await self.answer(request, method: isHead ? "GET" : request.method.rawValue, context.channel)
        } catch let error as APIError {
            answer = Answer(error)
        }
        return answer.response(isHead: isHead)
    }

    private func answer(_ request: Request, method: String, _ channel: any Channel) async throws -> Answer {
        let target = request.head.path ?? "/"
        let path = target.prefix { $0 != "?" && $0 != "#" }
        let peer = ClientAddress(channel.remoteAddress)
        let headers = request.headers
        places.began(on: channel, hasKey: false)
        // RFC 9112, 3.2. The first one is the request's authority.
        guard headers[values: .secondHost].isEmpty else { throw APIError.badRequest("more than one Host") }
        try gatekeeper.checkOrigin(origin: headers[.origin], host: request.head.authority, peer: peer)
        let address = gatekeeper.address(peer: peer, forwarded: headers[.forwardedFor])
        let match = routes.match(method, path)
        let caller = try caller(for: match, path, headers[.authorization], address)
        if caller != nil { places.began(on: channel, hasKey: true) }
        switch match {
        case .nothing: throw APIError.notFound("there is nothing at this path")
        case .otherMethods(let methods): throw APIError.methodNotAllowed(methods)
        case .route(let route, let parameters):
            let limit = route.importsBody ? limits.importBody : limits.body
            let asked = ManagementRequest(
                method: method, parameters: parameters,
                query: try QueryParameters(target.dropFirst(path.count + 1)), headers: headers, body: request.body,
                bodyLimit: limit, caller: caller, channel: channel)
            let attempt = Attempt(
                request: "\(method) \(path.prefix(200))", caller: caller, address: address.text)
            let result = await Self.result { try await run(route, asked, attempt) }
            if !route.isReading { note(result, of: attempt) }
            return try result.get()
        }
    }

    /// Unknown paths below `/api` are not told apart for somebody without a key.
    private func caller(
        for match: RouteTable.Match, _ path: Substring, _ authorization: String?, _ address: ClientAddress
    ) throws -> Caller? {
        switch match {
        case .route(let route, _):
            switch route.access {
            case .open: return nil
            case .metrics where !metricsNeedKey: return nil
            case .metrics, .viewer, .administrator: break
            }
        case .otherMethods, .nothing:
            guard path.hasPrefix("/api/") || path.hasPrefix("/api-docs/") else { return nil }
        }
        return try gatekeeper.caller(authorization: authorization, from: address)
    }

    private func run(_ route: Route, _ request: ManagementRequest, _ attempt: Attempt) async throws -> Answer {
        if route.access == .administrator, let caller = request.caller, caller.role != .administrator {
            throw APIError(403, "UNAUTHORIZED_ROLE", "this key has the role \(caller.role.rawValue)")
        }
        if route.changesConfiguration, isReadOnly {
            throw APIError(403, "READ_ONLY", "management.read_only is on")
        }
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > request.bodyLimit {
            throw APIError.tooLarge(limit: request.bodyLimit)
        }
        guard !route.hasOwnDeadline else { return try await route.handler(request) }
        return try await withinTime(request.channel.eventLoop) {
            try await route.handler(request)
        } late: { answer in
            if !route.isReading { note(.success(answer), of: attempt) }
        }
    }

    private static func result(_ body: () async throws -> Answer) async -> Result<Answer, APIError> {
        do {
            return .success(try await body())
        } catch let error as APIError {
            return .failure(error)
        } catch let failure as OperationFailure {
            return .failure(APIError(failure))
        } catch let failure as UserStoreFailure {
            return .failure(APIError(failure))
        } catch {
            // The client has gone, or something that no rule expects: either way its words may hold what it sent.
            return .failure(APIError(500, "INTERNAL_ERROR", "the request could not be carried out"))
        }
    }

    /// What takes longer is given up, and answered with 503; it may still come to its end.
    ///
    /// - Parameter late: Gets the answer that came too late for whoever has asked.
    private func withinTime(
        _ eventLoop: any EventLoop, _ body: @escaping @Sendable () async throws -> Answer,
        late: @escaping @Sendable (Answer) -> Void
    ) async throws -> Answer {
        let promise = eventLoop.makePromise(of: Answer.self)
        let once = OncePromise(promise)
        let task = Task(executorPreference: executor) {
            do {
                let answer = try await body()
                if !once.succeed(answer) { late(answer) }
            } catch {
                once.fail(error)
            }
        }
        let timer = eventLoop.scheduleTask(in: limits.requestTime) {
            once.fail(APIError.unavailable("it took too long"))
            task.cancel()
        }
        defer { timer.cancel() }
        return try await promise.futureResult.get()
    }

    /// Every change is a log line, and so is every attempt at one, whatever `log.level` is.
    private func note(_ result: Result<Answer, APIError>, of attempt: Attempt) {
        var metadata: Logger.Metadata = [
            "key": "\(attempt.caller?.key ?? "-")", "remote": "\(attempt.address)", "request": "\(attempt.request)",
        ]
        switch result {
        case .success(let answer):
            metadata["status"] = "\(answer.status)"
            metadata["changed"] = answer.changed.map { "\($0.prefix(1000))" }
        case .failure(let error):
            metadata["status"] = "\(error.status)"
            metadata["reason"] = "\(error.message.prefix(300))"
        }
        var audit = logger
        audit.logLevel = min(audit.logLevel, ManagementAudit.level)
        audit.log(level: ManagementAudit.level, "\(ManagementAudit.message)", metadata: metadata)
    }
}

/// A request that changes something, for the log.
private struct Attempt: Sendable {
    let request: String
    let caller: Caller?
    let address: String
}

/// The log's lines about what management has changed, as whoever holds lines back knows them again.
package enum ManagementAudit {
    package static let message = "management"
    package static let level = Logger.Level.info

    /// Something was refused, and nothing changed. What failed or took too long may have been carried out.
    package static func isRefusal(_ metadata: Logger.Metadata?) -> Bool {
        guard case .string(let status)? = metadata?["status"] else { return false }
        return status.utf8.first == UInt8(ascii: "4")
    }
}

/// The first answer counts.
private final class OncePromise: Sendable {
    private let promise: Mutex<EventLoopPromise<Answer>?>

    init(_ promise: EventLoopPromise<Answer>) {
        self.promise = Mutex(promise)
    }

    /// - Returns: Whether it is the first.
    func succeed(_ answer: Answer) -> Bool {
        guard let promise = take() else { return false }
        promise.succeed(answer)
        return true
    }

    func fail(_ error: any Error) { take()?.fail(error) }

    private func take() -> EventLoopPromise<Answer>? {
        promise.withLock { promise in
            defer { promise = nil }
            return promise
        }
    }
}

/// `management_requests_total`.
final class RequestCount: Sendable {
    private let count = Atomic<Int>(0)

    func add() { count.wrappingAdd(1, ordering: .relaxed) }
    var value: Int { count.load(ordering: .relaxed) }
}

extension HTTPField.Name {
    static let forwardedFor = HTTPField.Name("x-forwarded-for") ?? .origin
    static let secondHost = HTTPField.Name("host") ?? .origin
}
