import Glibc
import NIOCore

/// Puts what ended a connection without a close frame into words.
enum ConnectionFailure {
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as IOError where error.errnoCode == ECONNRESET: "connection reset by peer"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case is TLSServerHandler.UncleanEnd: "closed without a close frame"
        case _ where TLSFailure.isTLS(error): "TLS error"
        default: "\(error)"
        }
    }
}
