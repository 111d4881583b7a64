internal import CNIOBoringSSL

/// What the TLS library says of a handshake or a record that it does not take.
package struct TLSFault: Error, Sendable, Equatable {
    /// The library's name of it: `HTTP_REQUEST`, `NO_SHARED_CIPHER`; empty where it gives none.
    package var name: String

    package init(name: String) {
        self.name = name
    }

    /// The name as an operator reads it: `no shared cipher`.
    package var words: String { String(name.lowercased().map { $0 == "_" ? " " : $0 }) }

    /// The peer has gone in the middle of the handshake.
    package static let endOfHandshake = TLSFault(name: "CONNECTION_CLOSED")

    /// Takes the first error from the thread's queue, which is where the cause stands, and forgets the others.
    static func taken() -> TLSFault {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0, let name = ERR_reason_error_string(code) else { return TLSFault(name: "") }
        return TLSFault(name: String(cString: name))
    }
}
