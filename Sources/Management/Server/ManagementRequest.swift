import HTTPTypes
import Hummingbird
import NIOCore
import OutsideNames

/// One request, as a route sees it.
struct ManagementRequest: Sendable {
    var method: String
    /// What stands in the path for the names in braces, decoded.
    var parameters: [String: String]
    var query: QueryParameters
    var headers: HTTPFields
    var body: RequestBody
    /// Bytes.
    var bodyLimit: Int
    /// Nil: the route is open to everybody.
    var caller: Caller?
    var channel: any Channel

    /// The value of a name that the route's path has.
    func parameter(_ name: String) -> String { parameters[name] ?? "" }

    /// The whole of it, to its end: what a client that goes in the middle leaves is no body.
    ///
    /// - Throws: 413; 400: it was cut off.
    func bytes() async throws -> ByteBuffer {
        do {
            return try await body.collect(upTo: bodyLimit)
        } catch is NIOTooManyBytesError {
            throw APIError.tooLarge(limit: bodyLimit)
        } catch let error where !(error is CancellationError) {
            // ``RequestCutOff``, a reset, TLS without its end.
            throw APIError.badRequest("the request ended in the middle")
        }
    }

    /// - Throws: 415 for another type, 400 for what is not JSON, 413.
    func json() async throws -> JSON {
        try requireJSON()
        return try JSON(reading: try await bytes())
    }

    /// - Throws: 400: something else than an object.
    func object() async throws -> [JSON.Member] {
        guard let members = try await json().members else { throw APIError.badRequest("expected a JSON object") }
        return members
    }

    /// A body without a type is taken for JSON, as EMQX does.
    func requireJSON() throws {
        guard let type = contentType, type != "application/json" else { return }
        throw APIError.unsupportedType(expected: "application/json")
    }

    /// Without parameters, in small letters; nil: none.
    var contentType: String? {
        headers[.contentType].map { header in
            String(header.prefix { $0 != ";" }.filter { $0 != " " }).lowercased()
        }
    }
}

extension [JSON.Member] {
    /// - Throws: 400: missing, or no text.
    func text(_ key: String) throws -> String {
        guard let text = try optionalText(key) else { throw APIError.badRequest("\"\(key)\" is missing") }
        return text
    }

    func optionalText(_ key: String) throws -> String? {
        guard let value = value(of: key), !value.isNull else { return nil }
        guard let text = value.string else { throw APIError.badRequest("Bad value for \"\(key)\": expected a text") }
        return text
    }

    func optionalBool(_ key: String) throws -> Bool? {
        guard let value = value(of: key), !value.isNull else { return nil }
        guard let bool = value.bool else {
            throw APIError.badRequest("Bad value for \"\(key)\": expected true or false")
        }
        return bool
    }

    func optionalDuration(_ key: String) throws -> Duration? {
        guard let value = value(of: key), !value.isNull else { return nil }
        guard let duration = DurationText.read(value) else {
            throw APIError.badRequest("Bad value for \"\(key)\": expected a duration as 30s")
        }
        return duration
    }

    /// - Throws: 400: a member that the request does not know; a misspelt one would be as good as forgotten.
    func allow(_ keys: String...) throws {
        for member in self where !keys.contains(where: { $0.hasSameBytes(as: member.key) }) {
            throw APIError.badRequest("unknown member \"\(member.key.shortened)\"")
        }
    }
}
