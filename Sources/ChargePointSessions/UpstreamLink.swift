import NIOCore
import OCPPJ
import OutsideNames

/// A message for the broker.
package struct UpstreamMessage: Sendable {
    /// What an upstream CALL carries beside its payload (relay-format.md, "MQTT details").
    package struct Call: Sendable {
        package var uniqueID: UniqueID
        package var action: String
        package var responseTopic: Topic
        package var version: OCPPVersion
    }

    /// What it is, which decides what becomes of it when the broker does not get it.
    package enum Kind: Sendable {
        case call(Call)
        /// The charge point's answer to the CALL with this UniqueId.
        case answer(UniqueID)
        /// A SEND, which nobody answers.
        case send(action: String)
        /// A CALLRESULTERROR of the charge point.
        case resultError
        case report
        case presence
        /// The copy of a refused message.
        case copy
        /// The answer or report once more, where the CALL's sender wants it.
        case reply
        case claim
    }

    package var topic: Topic
    package var payload: ByteBuffer
    package var retain = false
    package var kind = Kind.claim
    /// The user property `ocpp-version`; nil: it has none.
    package var version: OCPPVersion?
    package var correlationData: ByteBuffer?
    /// From here on the charge point has been told that it failed.
    package var deadline: NIODeadline?

    /// Nil for everything that is no CALL.
    package var call: Call? {
        if case .call(let call) = kind { call } else { nil }
    }
}

/// Whether a message for the broker was taken.
package enum UpstreamAdmission: Sendable, Equatable {
    case accepted
    /// Longer than the broker takes.
    case tooLarge
    /// As much waits already as may wait.
    case full
    /// The gateway stops.
    case closed

    /// For the log and for who has sent it.
    var text: String {
        switch self {
        case .accepted: "accepted"
        case .tooLarge: "the message is too large for the broker"
        case .full: "too much waits for the broker already: the queue is full"
        case .closed: "the link to the broker is closed"
        }
    }
}

/// Something to publish through: the broker, as a session sees it.
package protocol UpstreamLink: Sendable {
    var isUp: Bool { get }
    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission
    /// The CALL has been answered: should it wait to be sent to the broker again, it no longer does.
    func answered(_ uniqueID: UniqueID, from session: ChargePointSession)
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
    package func answered(_ uniqueID: UniqueID, from session: ChargePointSession) {}
    package func close() {}
    package var announcesItsLoss: Bool { false }
}

/// A message from the broker for one charge point.
package struct DownstreamMessage: Sendable {
    package var payload: ByteBuffer
    package var isRetained: Bool
    /// When its MQTT 5 Message Expiry Interval has passed.
    package var expires: NIODeadline?
    /// Its user property `ocpp-version`.
    package var version: String?
    /// Where its sender wants the answer too.
    package var replyAddress: ReplyAddress?

    package init(
        payload: ByteBuffer, isRetained: Bool, expires: NIODeadline?, version: String? = nil,
        replyAddress: ReplyAddress? = nil
    ) {
        self.payload = payload
        self.isRetained = isRetained
        self.expires = expires
        self.version = version
        self.replyAddress = replyAddress
    }
}

/// The Response Topic and Correlation Data of a downstream CALL (relay-format.md, "MQTT details").
package struct ReplyAddress: Sendable, Equatable {
    package var topic: Topic
    package var correlationData: ByteBuffer?

    package init(topic: Topic, correlationData: ByteBuffer?) {
        self.topic = topic
        self.correlationData = correlationData
    }
}

/// Something to write to: the charge point's connection, as a session sees it. Called on its event loop only.
package protocol ChargePointConnection: Sendable {
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
