/// Why the gateway does not do what management asks for. The texts are read by people, and hold no secret.
package enum OperationFailure: Error, Sendable, Equatable {
    /// 400: a value that is wrong, an address in use, a certificate that cannot be read. Nothing has been changed.
    case refused(String)
    /// 404.
    case notFound(String)
    /// 409: there is one with that name.
    case alreadyExists(String)
    /// 409: the key is set by an environment variable.
    case fixedByEnvironment(key: String, variable: String)
    /// 409: the charge point's downstream queue is full.
    case queueFull
    /// 409: the charge point went during a call.
    case disconnected
    /// 504: no answer in time.
    case timedOut
    /// 503.
    case unavailable(String)
    /// 500.
    case failed(String)
}
