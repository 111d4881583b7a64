import NIOCore
import OutsideNames

/// Who a charge point says that it is, and what it shows for it.
package struct HandshakeCredentials: Sendable {
    /// Percent-decoded and checked.
    package var identity: ChargePointIdentity
    /// As it will be agreed; nil where the handshake will be refused for want of one.
    package var subprotocol: String?
    package var listener: String
    /// `192.0.2.7:5123`.
    package var remoteAddress: String
    /// Nil: no HTTP Basic credentials, or none that can be read.
    package var basic: BasicCredentials?
    /// Verified.
    package var certificate: PeerCertificate?
    /// Completes when the charge point has gone: what is still to be asked need not be asked any more.
    package var connectionClosed: EventLoopFuture<Void>?

    package init(
        identity: ChargePointIdentity, subprotocol: String? = nil, listener: String, remoteAddress: String,
        basic: BasicCredentials?, certificate: PeerCertificate?, connectionClosed: EventLoopFuture<Void>? = nil
    ) {
        self.identity = identity
        self.subprotocol = subprotocol
        self.listener = listener
        self.remoteAddress = remoteAddress
        self.basic = basic
        self.certificate = certificate
        self.connectionClosed = connectionClosed
    }
}

/// What becomes of a handshake (behaviour.md, "The WebSocket handshake"). The reasons go to the log, and to the peer.
package enum HandshakeVerdict: Sendable, Equatable {
    /// `ticket`: handed on to `ConnectionAdmission.connectionOpened`, or let go of when it does not come to that.
    case accepted(username: UserName?, ticket: AdmissionTicket? = nil)
    /// 401.
    case wrongCredentials(reason: String)
    /// 404.
    case unknownIdentity
    /// 503: nobody could be asked.
    case unavailable(reason: String)
}

/// What an admission has prepared for one connection while it decided.
package struct AdmissionTicket: Sendable, Equatable {
    package let value: any AnyObject & Sendable

    package init(_ value: any AnyObject & Sendable) {
        self.value = value
    }

    package static func == (one: Self, other: Self) -> Bool { one.value === other.value }
}
