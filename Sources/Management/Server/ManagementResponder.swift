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
        let peer = channel.remoteAddress?.ipAddress ?? "unknown"
        let headers = request.headers
        try gatekeeper.checkOrigin(origin: headers[.origin], host: request.head.authority, peer: peer)
        let address = gatekeeper.address(peer: peer, forwarded: headers[.forwardedFor])
        let match = routes.match(method, path)
        let caller = try caller(for: match, path, headers[.authorization], address)
        switch match {
        case .nothing: throw APIError.notFound("there is nothing at this path")
        case .otherMethods(let methods): throw APIError.methodNotAllowed(methods)
        case .route(let route, let parameters):
            let limit = route.importsBody ? limits.importBody : limits.body
            let asked = ManagementRequest(
                method: method, parameters: parameters,
                query: try QueryParameters(target.dropFirst(path.count + 1)), headers: headers, body: request.body,
                bodyLimit: limit, caller: caller, channel: channel)
            let result = await Self.result { try await run(route, asked) }
            if !route.isReading {
                note(result, of: "\(method) \(path.prefix(200))", by: caller, at: address)
            }
            return try result.get()
        }
    }

    /// Unknown paths below `/api` are not told apart for somebody without a key.
    private func caller(
        for match: RouteTable.Match, _ path: Substring, _ authorization: String?, _ address: String
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

    private func run(_ route: Route, _ request: ManagementRequest) async throws -> Answer {
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
        return try await withinTime(request.channel.eventLoop) { try await route.handler(request) }
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
    private func withinTime(
        _ eventLoop: any EventLoop, _ body: @escaping @Sendable () async throws -> Answer
    ) async throws -> Answer {
        let promise = eventLoop.makePromise(of: Answer.self)
        let once = OncePromise(promise)
        let task = Task(executorPreference: executor) {
            do {
                once.succeed(try await body())
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

    /// Every change is a log line, and so is every attempt at one.
    private func note(_ result: Result<Answer, APIError>, of request: String, by caller: Caller?, at address: String) {
        var metadata: Logger.Metadata = [
            "key": "\(caller?.key ?? "-")", "remote": "\(address)", "request": "\(request)",
        ]
        switch result {
        case .success(let answer):
            metadata["status"] = "\(answer.status)"
            metadata["changed"] = answer.changed.map { "\($0.prefix(1000))" }
        case .failure(let error):
            metadata["status"] = "\(error.status)"
            metadata["reason"] = "\(error.message.prefix(300))"
        }
        logger.info("management", metadata: metadata)
    }
}

/// The first answer counts.
private final class OncePromise: Sendable {
    private let promise: Mutex<EventLoopPromise<Answer>?>

    init(_ promise: EventLoopPromise<Answer>) {
        self.promise = Mutex(promise)
    }

    func succeed(_ answer: Answer) { take()?.succeed(answer) }
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
}
