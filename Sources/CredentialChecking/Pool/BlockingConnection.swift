/// A connection whose library waits in its calls: it belongs to one thread of a ``ConnectionPool`` for its whole life.
package protocol BlockingConnection {
    associatedtype Request: Sendable
    associatedtype Answer: Sendable

    /// Waits for the answer, not longer than the query's time-out where the library can tell.
    mutating func ask(_ request: Request) throws(ConnectionFault) -> Answer

    /// Whether the other side still answers, with the same time-out.
    mutating func ping() throws(ConnectionFault)

    /// The last call, whatever happened before; does not wait for the other side.
    mutating func close()
}

/// Opens connections to one backend.
package protocol BlockingConnector: Sendable {
    associatedtype Connection: BlockingConnection

    /// Logs in and prepares what there is to prepare. Names are resolved anew each time.
    func connect() throws(ConnectionFault) -> Connection
}

/// What went wrong with a connection. The words are the server's or the library's: never a parameter or a password.
package enum ConnectionFault: Error, Sendable, Equatable {
    /// Not connected, or no longer: refused, hung up, out of step. If it was an idle connection the request is repeated
    /// once on a fresh one.
    case lost(String)
    /// Nothing came in time. Never repeated: the request may be what it hangs on.
    case timedOut(String)
    /// The server has answered, but with what makes no sense: an error, our credentials refused, a wrong form.
    /// - Parameter isUsable: whether the connection can take the next request.
    case nonsense(String, isUsable: Bool)

    package var failure: BackendFailure {
        switch self {
        case .lost(let reason), .timedOut(let reason): BackendFailure(.unreachable, reason: reason)
        case .nonsense(let reason, _): BackendFailure(.nonsense, reason: reason)
        }
    }

    var leavesConnectionUsable: Bool {
        if case .nonsense(_, isUsable: true) = self { true } else { false }
    }
}
