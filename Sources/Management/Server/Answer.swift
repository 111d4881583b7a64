import HTTPTypes
import Hummingbird
import NIOCore

/// What a route answers.
struct Answer: Sendable {
    enum Body: Sendable {
        case none
        case bytes(ByteBuffer)
        /// Written in pieces.
        case pieces(@Sendable (inout any ResponseBodyWriter) async throws -> Void)
    }

    var status: Int
    var headers: HTTPFields
    var body: Body
    /// For the log: what has been changed, in few words and without a secret.
    var changed: String?

    private init(_ status: Int, _ headers: HTTPFields, _ body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
        self.headers[.cacheControl] = "no-store"
        self.headers[.xContentTypeOptions] = "nosniff"
    }

    static func json(_ status: Int = 200, _ value: JSON, changed: String? = nil) -> Answer {
        var writer = JSONWriter()
        writer.value(value)
        return json(status, bytes: writer.bytes, changed: changed)
    }

    static func json(_ status: Int = 200, bytes: ByteBuffer, changed: String? = nil) -> Answer {
        withBytes(status, bytes, type: "application/json", changed: changed)
    }

    static func bytes(_ bytes: ByteBuffer, type: String, status: Int = 200) -> Answer {
        withBytes(status, bytes, type: type, changed: nil)
    }

    static func text(_ text: String, status: Int = 200) -> Answer {
        bytes(ByteBuffer(string: text), type: "text/plain; charset=utf-8", status: status)
    }

    static func empty(_ status: Int = 204, changed: String? = nil) -> Answer {
        var answer = Answer(status, [:], .none)
        answer.changed = changed
        return answer
    }

    static func pieces(
        type: String, _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Answer {
        Answer(200, [.contentType: type], .pieces(write))
    }

    static func stream(
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Answer {
        Answer(200, [.contentType: "text/event-stream", .connection: "close"], .pieces(write))
    }

    private static func withBytes(_ status: Int, _ bytes: ByteBuffer, type: String, changed: String?) -> Answer {
        var answer = Answer(
            status, [.contentType: type, .contentLength: String(bytes.readableBytes)], .bytes(bytes))
        answer.changed = changed
        return answer
    }

    init(_ error: APIError) {
        self = .json(error.status, ["code": .string(error.code), "message": .string(error.message)])
        if let seconds = error.retryAfter { headers[.retryAfter] = String(seconds) }
        if error.status == 401 { headers[.wwwAuthenticate] = "Basic realm=\"ocpp-gateway\", charset=\"UTF-8\"" }
        if !error.allowedMethods.isEmpty { headers[.allow] = error.allowedMethods.joined(separator: ", ") }
        if error.closesConnection { headers[.connection] = "close" }
    }

    /// - Parameter isHead: The request was HEAD, which is answered without the body.
    func response(isHead: Bool) -> Response {
        let status = HTTPResponse.Status(code: status)
        if isHead { return Response(status: status, headers: headers) }
        switch body {
        case .none: return Response(status: status, headers: headers)
        case .bytes(let bytes): return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: bytes))
        case .pieces(let write):
            return Response(
                status: status, headers: headers,
                body: ResponseBody { writer in
                    try await write(&writer)
                    try await writer.finish(nil)
                })
        }
    }
}
