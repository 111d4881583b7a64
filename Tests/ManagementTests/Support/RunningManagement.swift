import Logging
import Management
import NIOCore
import ServiceLifecycle
import TestSupport

/// A management server on a loopback port, over a gateway that is only state.
struct RunningManagement: Sendable {
    let gateway: FakeGateway
    let server: ManagementServer
    let address: SocketAddress
    let log: LogLines

    static let administrator = "ops:secret-1"
    static let viewer = "eyes:secret-2"

    /// One request on a connection of its own.
    func request(
        _ method: String, _ path: String, key: String? = RunningManagement.administrator,
        headers: [String: String] = [:], json: String? = nil, body: String? = nil
    ) async throws -> Reply {
        let connection = try await HTTPConnection(to: address)
        defer { connection.close() }
        try await connection.send(text(method, path, key: key, headers: headers, json: json, body: body))
        return try await connection.reply(toHead: method == "HEAD")
    }

    func text(
        _ method: String, _ path: String, key: String? = RunningManagement.administrator,
        headers: [String: String] = [:], json: String? = nil, body: String? = nil
    ) -> String {
        var request = HTTPRequest(method, path, key: key, json: json, body: body)
        request.headers.merge(headers) { _, own in own }
        return request.text(port: address.port ?? 0)
    }

    func get(_ path: String, key: String? = RunningManagement.administrator) async throws -> Reply {
        try await request("GET", path, key: key)
    }
}

/// Starts a server, and stops it whatever the test does.
func withManagement<Result: Sendable>(
    _ gateway: FakeGateway = FakeGateway(), page: (any ManagementPage)? = nil, level: Logger.Level = .info,
    _ change: (inout ManagementConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (RunningManagement) async throws -> Result
) async throws -> Result {
    var configuration = ManagementConfiguration()
    configuration.bind = .init(host: "127.0.0.1", port: try freePort())
    configuration.key = APIKey(name: "ops", secret: Password(Array("secret-1".utf8)), role: .administrator)
    let files = try TestFolder()
    try files.write("eyes:secret-2:viewer\n", to: "keys")
    configuration.keysFile = files.path("keys")
    change(&configuration)
    let log = LogLines()
    var logger = log.logger
    logger.logLevel = level
    let (addresses, listening) = AsyncStream<SocketAddress>.makeStream()
    let made = try ManagementServer(
        configuration: configuration, operations: gateway, page: page, logger: logger
    ) { address in
        listening.yield(address)
        listening.finish()
    }
    guard let server = made else { throw NotListening() }
    let group = ServiceGroup(services: [server], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask {
            defer { listening.finish() }
            try await group.run()
        }
        guard let address = await addresses.first(where: { _ in true }) else {
            try await tasks.waitForAll()
            throw NotListening()
        }
        let running = RunningManagement(gateway: gateway, server: server, address: address, log: log)
        let outcome = await Swift.Result<Result, any Error>.of { try await body(running) }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return try outcome.get()
    }
}

struct NotListening: Error {}

extension Result where Failure == any Error {
    fileprivate static func of(_ body: () async throws -> Success) async -> Self {
        do {
            return .success(try await body())
        } catch {
            return .failure(error)
        }
    }
}
