import Authentication

/// An answer that is not what was asked for: a status, a code for programs, words for people.
package struct APIError: Error, Sendable, Equatable {
    package var status: Int
    package var code: String
    package var message: String
    /// Seconds.
    var retryAfter: Int?
    /// The methods that a path knows, for a 405.
    var allowedMethods: [String] = []
    /// What has not been read of the request is not worth reading: the connection ends with the answer.
    var closesConnection = false

    package init(_ status: Int, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    static func badRequest(_ message: String) -> Self { Self(400, "BAD_REQUEST", message) }
    static func invalidParameter(_ message: String) -> Self { Self(400, "INVALID_PARAMETER", message) }
    static func notFound(_ message: String) -> Self { Self(404, "RESOURCE_NOT_FOUND", message) }
    /// EMQX has a code of its own for users.
    static func userNotFound() -> Self { Self(404, "NOT_FOUND", "no such user") }
    static func foreignOrigin(_ message: String) -> Self { Self(403, "FOREIGN_ORIGIN", message) }

    static func tooLarge(limit: Int) -> Self {
        var error = Self(413, "PAYLOAD_TOO_LARGE", "the body is larger than \(limit) bytes")
        error.closesConnection = true
        return error
    }

    static func unsupportedType(expected: String) -> Self {
        Self(415, "UNSUPPORTED_MEDIA_TYPE", "expected Content-Type \(expected)")
    }

    static func methodNotAllowed(_ allowed: [String]) -> Self {
        var error = Self(405, "METHOD_NOT_ALLOWED", "this path knows \(allowed.joined(separator: ", "))")
        error.allowedMethods = allowed
        return error
    }

    static func unavailable(_ message: String, retryAfter: Int = 1) -> Self {
        var error = Self(503, "SERVICE_UNAVAILABLE", message)
        error.retryAfter = retryAfter
        return error
    }

    init(_ failure: OperationFailure) {
        switch failure {
        case .refused(let words): self = .badRequest(words)
        case .notFound(let words): self = .notFound(words)
        case .alreadyExists(let words): self.init(409, "ALREADY_EXISTS", words)
        case .fixedByEnvironment(let key, let variable):
            self.init(409, "CONFIG_FIXED", "\"\(key)\" is set by the environment variable \(variable)")
        case .queueFull: self.init(409, "QUEUE_FULL", "the charge point's downstream queue is full")
        case .disconnected: self.init(409, "DISCONNECTED", "the charge point disconnected during the call")
        case .timedOut: self.init(504, "TIMEOUT", "the charge point did not answer in time")
        case .unavailable(let words): self = .unavailable(words)
        case .failed(let words): self.init(500, "INTERNAL_ERROR", words)
        }
    }

    init(_ failure: UserStoreFailure) {
        switch failure {
        case .exists: self.init(409, "ALREADY_EXISTS", failure.description)
        case .notFound: self = .userNotFound()
        case .invalid, .badFile, .badRows: self = .badRequest(failure.description)
        case .unavailable: self = .unavailable(failure.description)
        }
    }
}
