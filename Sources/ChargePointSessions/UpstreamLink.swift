import NIOCore
import OCPPJ
import OutsideNames

/// A message for the broker.
public struct UpstreamMessage: Sendable {
    /// What an upstream CALL carries beside its payload (relay-format.md, "MQTT details").
    public struct Call: Sendable {
        public var uniqueID: UniqueID
        public var action: String
        public var responseTopic: Topic
        public var version: OCPPVersion
    }

    public var topic: Topic
    public var payload: ByteBuffer
    public var retain = false
    /// Nil for everything that is no CALL.
    public var call: Call?
    /// From here on the charge point has been told that it failed.
    public var deadline: NIODeadline?
}

/// Something to publish through: the broker, as a session sees it.
public protocol UpstreamLink: Sendable {
    var isUp: Bool { get }
    /// False: the broker cannot take it and there is no room to keep it.
    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> Bool
    /// Asks for what is published to the session's downstream topic; answered by `subscriptionAcknowledged()`.
    ///
    /// - Parameter announcement: published right behind that, in front of whatever waits.
    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?)
    func unsubscribe(_ session: ChargePointSession)
    /// The session has ended and has said everything; a link that is its own ends with it.
    func close()
    /// The broker itself tells when this link is lost, as if the session had ended: its presence is then published
    /// again with the link.
    var announcesItsLoss: Bool { get }
}

extension UpstreamLink {
    public func close() {}
    public var announcesItsLoss: Bool { false }
}

/// A message from the broker for one charge point.
public struct DownstreamMessage: Sendable {
    public var payload: ByteBuffer
    public var isRetained: Bool
    /// When its MQTT 5 Message Expiry Interval has passed.
    public var expires: NIODeadline?

    public init(payload: ByteBuffer, isRetained: Bool, expires: NIODeadline?) {
        self.payload = payload
        self.isRetained = isRetained
        self.expires = expires
    }
}

/// Something to write to: the charge point's connection, as a session sees it. Called on its event loop only.
public protocol ChargePointConnection: Sendable {
    var eventLoop: any EventLoop { get }
    func send(text: ByteBuffer)
    func sendPing()
    func close(code: UInt16, reason: String)
    func pauseReading()
    func resumeReading()
    func armTimer(at deadline: NIODeadline)
    /// Whether the peer's TCP has acknowledged everything that was written so far; false where that cannot be told.
    func hasAcknowledgedAll() -> Bool
}
