import NIOCore
import OutsideNames

/// An accepted handshake: who connects, from where, and what was agreed.
package struct AcceptedHandshake: Sendable, Equatable {
    /// Percent-decoded, checked: 1 to 255 bytes, no `/`, `#`, no character that MQTT forbids in a topic.
    package var identity: ChargePointIdentity
    /// `ocpp1.6`; a charge point that offered none speaks the listener's first supported one.
    package var subprotocol: String
    /// `192.0.2.7:5123`.
    package var remoteAddress: String
    package var listener: String
    /// As the authenticator accepted it.
    package var username: UserName?
    /// As a proxy in front has told.
    package var certificate: PeerCertificateNames?
    /// Of the verdict.
    package var ticket: AdmissionTicket?

    package init(
        identity: ChargePointIdentity, subprotocol: String, remoteAddress: String, listener: String,
        username: UserName? = nil,
        certificate: PeerCertificateNames? = nil, ticket: AdmissionTicket? = nil
    ) {
        self.ticket = ticket
        self.identity = identity
        self.subprotocol = subprotocol
        self.remoteAddress = remoteAddress
        self.listener = listener
        self.username = username
        self.certificate = certificate
    }
}

/// Why a connection ended, in the words of the log (`closed_by_peer`, `protocol_error`, …).
package struct ConnectionEnd: Sendable, Equatable {
    package var reason: String
    /// The WebSocket close code, where one was received or sent.
    package var closeCode: UInt16?
    /// What was wrong (`frame not masked`), or the peer's words of its close frame (`pong timeout`), or the socket's
    /// error; valid UTF-8, at most 123 bytes, control characters replaced by spaces. Empty: nothing to say.
    package var detail: String

    package init(reason: String, closeCode: UInt16? = nil, detail: String = "") {
        self.reason = reason
        self.closeCode = closeCode
        self.detail = detail.isEmpty ? detail : Self.inOneLine(detail)
    }

    private static func inOneLine(_ text: String) -> String {
        var line = String.UnicodeScalarView()
        var length = 0
        for scalar in text.unicodeScalars {
            length += UTF8.width(scalar)
            guard length <= CloseFrame.longestReason else { break }
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: line.append(" ")
            default: line.append(scalar)
            }
        }
        return String(line)
    }
}

/// The far side of one WebSocket connection: what a session is told. Every call comes on the connection's
/// event loop; after `connectionEnded` there is none.
package protocol ConnectionDelegate: AnyObject, Sendable {
    /// One whole text message, however fragmented. It is not checked to be UTF-8.
    func connectionReceived(text: ByteBuffer)
    /// Any frame arrived; called before what it carries is handed over.
    func connectionShowedLife(isPong: Bool)
    /// The timer armed by `WebSocketConnection.armTimer` fired.
    func connectionTimerFired()
    func connectionEnded(_ end: ConnectionEnd)
}

/// Decides about handshakes and takes over what is accepted; the gateway's side of the front end.
package protocol ConnectionAdmission: AnyObject, Sendable {
    /// Nil to go on; else the handshake is refused with 503, this reason and `Retry-After`.
    /// Asked on the connection's event loop once path, identity and `maxConnections` are checked.
    func refusal(for listener: String) -> String?
    /// Whether handshakes on this listener are put to `authenticate`; asked once, when the listener is made.
    func authenticates(on listener: String) -> Bool
    /// Decides who may come in, once everything but the subprotocol is checked; called on the connection's event loop,
    /// which must not wait for it.
    func authenticate(_ request: HandshakeCredentials, on eventLoop: any EventLoop) -> EventLoopFuture<HandshakeVerdict>
    /// The upgrade has been answered with 101; called on the connection's event loop. What the peer sends
    /// is handed to the returned delegate.
    func connectionOpened(_ connection: WebSocketConnection, _ handshake: AcceptedHandshake) -> any ConnectionDelegate
    /// One handshake was refused; for the log and the counters.
    func handshakeRefused(_ refusal: HandshakeRefusal)
}

extension ConnectionAdmission {
    package func authenticates(on listener: String) -> Bool { false }

    package func authenticate(
        _ request: HandshakeCredentials, on eventLoop: any EventLoop
    ) -> EventLoopFuture<HandshakeVerdict> {
        eventLoop.makeSucceededFuture(.accepted(username: nil))
    }
}

/// A handshake that was not accepted.
package struct HandshakeRefusal: Sendable, Equatable {
    package var listener: String
    package var remoteAddress: String
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

    package init(
        listener: String, remoteAddress: String, identity: ChargePointIdentity?, status: Int?, reason: String,
        request: HandshakeRequestNote? = nil, count: Int = 1
    ) {
        self.listener = listener
        self.remoteAddress = remoteAddress
        self.identity = identity
        self.status = status
        self.reason = reason
        self.request = request
        self.count = count
    }
}
