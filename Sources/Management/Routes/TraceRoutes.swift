import HTTPTypes
import NIOCore

/// EMQX's log traces.
enum TraceRoutes {
    private static let path = "/api/v5/trace"

    /// - Parameter traces: Nil: `data_dir` cannot be written.
    static func routes(_ traces: TraceStore?) -> [Route] {
        let one = path + "/{name}"
        @Sendable func store() throws -> TraceStore {
            guard let traces else { throw APIError.unavailable("there is no data_dir for traces") }
            return traces
        }
        return [
            Route(.get, path, .viewer) { _ in .json(200, .array(try await store().list())) },
            Route(.post, path, .administrator) { request in
                let trace = try Trace(reading: try await request.object(), now: .now)
                return .json(200, try await store().add(trace), changed: "trace \(trace.name) added")
            },
            Route(.delete, path, .administrator) { _ in
                try await store().deleteAll()
                return .empty(changed: "all traces deleted")
            },
            Route(.get, one + "/log", .viewer) { request in try await log(try store(), request) },
            Route(.get, one + "/download", .viewer) { request in try await download(try store(), request) },
            Route(.put, one + "/stop", .administrator) { request in
                let name = request.parameter("name")
                try await store().stop(name)
                return .json(200, ["name": .string(name), "enable": false], changed: "trace \(name) stopped")
            },
            Route(.delete, one, .administrator) { request in
                let name = request.parameter("name")
                try await store().delete(name)
                return .empty(changed: "trace \(name) deleted")
            },
        ]
    }

    private static func log(_ store: TraceStore, _ request: ManagementRequest) async throws -> Answer {
        let position = try request.query.integer("position", in: 0...Int(Int32.max)) ?? 0
        let count = try request.query.integer("bytes", in: 1...1_000_000) ?? 1000
        let bytes = wholeCharacters(try await store.read(request.parameter("name"), from: position, count: count))
        return .json(
            200,
            [
                "items": .string(String(decoding: bytes, as: UTF8.self)),
                "meta": ["position": .integer(position + bytes.count), "bytes": .integer(bytes.count)],
            ])
    }

    /// Without the beginning of a character whose rest comes with the next piece.
    private static func wholeCharacters(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        guard let last = bytes.lastIndex(where: { $0 & 0xC0 != 0x80 }), bytes.count - last < 4 else {
            return bytes[...]
        }
        let length =
            switch bytes[last] {
            case 0xC0..<0xE0: 2
            case 0xE0..<0xF0: 3
            case 0xF0...: 4
            default: 1
            }
        return last > 0 && bytes.count - last < length ? bytes[..<last] : bytes[...]
    }

    private static func download(_ store: TraceStore, _ request: ManagementRequest) async throws -> Answer {
        let name = request.parameter("name")
        let first = try await store.read(name, from: 0, count: 262_144)
        var answer = Answer.pieces(type: "application/octet-stream") { writer in
            var piece = first
            var position = 0
            while !piece.isEmpty {
                try await writer.write(ByteBuffer(bytes: piece))
                position += piece.count
                piece = try await store.read(name, from: position, count: 262_144)
            }
        }
        answer.headers[.contentDisposition] = "attachment; filename=\"\(name).log\""
        return answer
    }
}
