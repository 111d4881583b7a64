import NIOCore
import TestSupport

/// Somebody who asks a gateway's management over HTTP, with a key.
struct ManagementClient: Sendable {
    static let base = "/api/v5/gateways/ocpp"
    static let administrator = "ops:operators-secret"

    let address: SocketAddress
    var key: String? = ManagementClient.administrator

    var port: Int { address.port ?? 0 }

    /// The same with another key, or none.
    func with(key: String?) -> ManagementClient { ManagementClient(address: address, key: key) }

    /// One request on a connection of its own. A path that begins with a dot is one below the gateway's.
    @discardableResult
    func ask(
        _ method: String, _ path: String, _ json: String? = nil, headers: [String: String] = [:], body: String? = nil
    ) async throws -> HTTPReply {
        let connection = try await connect()
        defer { connection.close() }
        try await connection.send(text(method, path, json, headers: headers, body: body))
        do {
            return try await connection.reply(toHead: method == "HEAD")
        } catch {
            throw Failure("\(method) \(path): \(error)")
        }
    }

    func connect() async throws -> HTTPConnection { try await HTTPConnection(to: address) }

    func text(
        _ method: String, _ path: String, _ json: String? = nil, headers: [String: String] = [:], body: String? = nil
    ) -> String {
        var request = HTTPRequest(method, Self.whole(path), key: key, json: json, body: body)
        request.headers.merge(headers) { _, own in own }
        return request.text(port: port)
    }

    func get(_ path: String) async throws -> HTTPReply { try await ask("GET", path) }

    /// The answer's JSON; anything else than 200 is a failure.
    func json(_ path: String) async throws -> JSONValue {
        let reply = try await get(path)
        guard reply.status == 200 else { throw Failure("GET \(path): \(reply.status) \(reply.body)") }
        return try reply.json
    }

    /// Carries out a change; any other status than the wanted one is a failure.
    @discardableResult
    func change(
        _ method: String, _ path: String, _ json: String? = nil, gives status: Int
    ) async throws -> JSONValue {
        let reply = try await ask(method, path, json)
        guard reply.status == status else { throw Failure("\(method) \(path): \(reply.status) \(reply.body)") }
        return reply.body.isEmpty ? .null : try reply.json
    }

    /// A stream of server-sent events that has begun.
    func watch(_ path: String) async throws -> EventReader {
        let connection = try await HTTPConnection(to: address)
        try await connection.send(text("GET", path))
        let status = try await connection.streamHead()
        guard status == 200 else { throw Failure("GET \(path): \(status)") }
        let reader = EventReader(connection)
        _ = try await reader.next()
        return reader
    }

    private static func whole(_ path: String) -> String { path.hasPrefix(".") ? base + path.dropFirst() : path }
}

extension HTTPReply {
    var json: JSONValue { get throws { try JSONValue(body) } }
    var code: String? { (try? json)?["code"].string }
    var message: String { (try? json)?["message"].string ?? "" }
}
