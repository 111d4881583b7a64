import NIOCore
import OutsideNames

/// A handshake that was not accepted.
package struct HandshakeRefusal: Sendable, Equatable {
    package var listener: ListenerID
    package var peer: PeerAddress
    /// As far as it could be read.
    package var identity: ChargePointIdentity?
    /// The HTTP status, 101 for the accept-then-close of an unsupported subprotocol, nil where the connection was
    /// closed without an answer (time-out, no HTTP).
    package var status: Int?
    package var reason: String
    /// Nil: there was no HTTP request, or none that could be read.
    package var request: HandshakeRequestNote?
    /// More than 1 where this stands for others too: connections that are refused in floods are told of in sums.
    package var count: Int
    /// How long the handshake has waited for whoever decides; nil: nobody was asked, or it was said at once.
    package var decidedIn: TimeAmount?
    /// When its request came; nil: there was none.
    package var began: NIODeadline?

    package init(
        listener: ListenerID, peer: PeerAddress, identity: ChargePointIdentity?, status: Int?, reason: String,
        request: HandshakeRequestNote? = nil, count: Int = 1, decidedIn: TimeAmount? = nil,
        began: NIODeadline? = nil
    ) {
        self.listener = listener
        self.peer = peer
        self.identity = identity
        self.status = status
        self.reason = reason
        self.request = request
        self.count = count
        self.decidedIn = decidedIn
        self.began = began
    }
}
