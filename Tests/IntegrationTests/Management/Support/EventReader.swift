import NIOCore
import Synchronization
import TestSupport

/// Reads server-sent events as a browser does: blocks with an empty line between them.
final class EventReader: Sendable {
    struct Event: Sendable {
        var name: String
        var data: JSONValue
        /// A comment has no name and no data.
        var comment: String?
    }

    private let connection: HTTPConnection
    private let rest = Mutex("")

    init(_ connection: HTTPConnection) {
        self.connection = connection
    }

    /// The next one, comments included; nil: the stream has ended.
    func next() async throws -> Event? {
        while true {
            let block = rest.withLock { rest -> String? in
                guard let end = rest.range(of: "\n\n") else { return nil }
                defer { rest.removeSubrange(..<end.upperBound) }
                return String(rest[..<end.lowerBound])
            }
            if let block { return try Self.read(block) }
            guard let chunk = try await connection.chunk() else { return nil }
            rest.withLock { $0 += chunk }
        }
    }

    /// The next with this name. Others come each second; it does not wait for ever behind them.
    func next(
        _ name: String, within limit: Duration = .seconds(60), where isWanted: (JSONValue) -> Bool = { _ in true }
    ) async throws -> JSONValue {
        let deadline = ContinuousClock.now + limit
        while let event = try await next() {
            if event.name == name, isWanted(event.data) { return event.data }
            guard ContinuousClock.now < deadline else {
                throw Failure("waited \(limit) for the event \(name), in vain")
            }
        }
        throw Failure("the stream has ended without the event \(name)")
    }

    func close() { connection.close() }

    private static func read(_ block: String) throws -> Event {
        var event = Event(name: "", data: .null)
        for line in block.split(separator: "\n") {
            if line.hasPrefix(":") { event.comment = String(line.dropFirst(2)) }
            if line.hasPrefix("event: ") { event.name = String(line.dropFirst(7)) }
            if line.hasPrefix("data: ") { event.data = try JSONValue(String(line.dropFirst(6))) }
        }
        return event
    }
}
