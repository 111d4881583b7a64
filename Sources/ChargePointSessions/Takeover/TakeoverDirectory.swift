import NIOCore
import OutsideNames

/// Where the charge points are that are not here: what other gateways have said about them, and the messages that wait
/// until one has said whether it got them.
///
/// It does no input or output: the caller publishes and reports what comes out.
package struct TakeoverDirectory<Message> {
    /// What is to be done with a message for a charge point that is not here.
    package enum Undelivered {
        /// Another gateway has the charge point, and got the message.
        case leave
        /// Nobody can have got it.
        case report
        /// It waits here for an answer to this, which is to be published on the charge point's claim topic.
        case ask(SessionClaim)
    }

    /// What is to be done with a claim that has been heard.
    package enum Route: Sendable, Equatable {
        /// The session that is here is told.
        case deliver
        /// The broker still has subscriptions of a session that has gone, with its process perhaps: they go.
        case discardSubscription
        case nothing
    }

    /// For an inquiry to get to whoever has the charge point, and for the answer.
    package static var patience: TimeAmount { UnownedMessages<Message>.patience }

    private let gatewayID: ClientID
    private var book = ClaimBook()
    private var unowned = UnownedMessages<Message>()

    package init(gatewayID: ClientID) {
        self.gatewayID = gatewayID
    }

    /// The broker has delivered a message for a charge point that is not here.
    ///
    /// - Parameter isAlone: there is no other gateway.
    package mutating func arrived(
        _ message: Message, topic: Topic, uniqueID: UniqueID?, isAlone: Bool, now: NIODeadline
    ) -> Undelivered {
        if book.isElsewhere(topic, now: now) { return .leave }
        guard !isAlone, let uniqueID else { return .report }
        let inquiry = SessionClaim.inquiry(by: gatewayID, message: uniqueID)
        let isHeld = unowned.hold(message, topic: topic, inquiry: inquiry, now: now)
        return isHeld ? .ask(inquiry) : .report
    }

    /// A claim of the charge point with this downstream topic has been heard.
    ///
    /// - Parameters:
    ///   - isHere: a session of the charge point is here.
    ///   - held: that session's claim.
    @discardableResult
    package mutating func heard(
        _ claim: SessionClaim, topic: Topic, isHere: Bool, held: SessionClaim?, now: NIODeadline
    ) -> Route {
        note(claim, topic: topic, held: held, now: now)
        if isHere { return .deliver }
        return claim.gateway == gatewayID ? .nothing : .discardSubscription
    }

    private mutating func note(_ claim: SessionClaim, topic: Topic, held: SessionClaim?, now: NIODeadline) {
        guard claim.isOfSession else { return }
        if claim.gateway == gatewayID { return book.claimedHere(topic) }
        unowned.begun(session: claim.session, topic: topic)
        if held.map({ claim.isNewer(than: $0) }) ?? true { book.claimedElsewhere(topic, by: claim.gateway, now: now) }
    }

    /// The other gateway that has claimed the charge point with this downstream topic lately.
    package mutating func holder(of topic: Topic, now: NIODeadline) -> ClientID? {
        book.holder(of: topic, now: now)
    }

    /// An answer to an inquiry has come.
    ///
    /// - Returns: whether it says that a message was delivered elsewhere, which waits no longer.
    package mutating func answered(_ answer: SessionClaim) -> Bool {
        answer.gateway != gatewayID && unowned.answered(answer)
    }

    /// Takes out the messages that nobody has claimed in time: they are to be reported.
    package mutating func takeDue(now: NIODeadline) -> [Message] {
        unowned.takeDue(now: now)
    }
}
