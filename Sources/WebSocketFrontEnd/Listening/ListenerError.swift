import Glibc
import NIOCore

/// Why a listener could not start, in words for the operator.
package struct ListenerError: Error, Sendable, Equatable, CustomStringConvertible {
    package var listener: String
    /// `0.0.0.0:33033`.
    package var address: String
    package var reason: String

    init(configuration: ListenerConfiguration, underlying: any Error) {
        listener = configuration.name
        let host = configuration.host
        address = "\(host.contains(":") ? "[\(host)]" : host):\(configuration.port)"
        reason =
            switch underlying {
            case let error as IOError where error.errnoCode == EADDRINUSE: "address already in use"
            case let error as IOError where error.errnoCode == EADDRNOTAVAIL: "this machine has no such address"
            case let error as IOError where error.errnoCode == EACCES: "permission denied (port below 1024?)"
            case let error as TLSProblems: error.problems.map(\.description).joined(separator: "; ")
            case is SocketAddressError: "the host name cannot be resolved"
            default: "\(underlying)"
            }
    }

    package var description: String {
        "listener \(listener) cannot listen on \(address): \(reason)"
    }
}
