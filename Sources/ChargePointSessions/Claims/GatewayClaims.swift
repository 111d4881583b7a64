import DequeModule
import NIOCore
import OutsideNames
import Synchronization

/// What the sessions of one gateway share about claims.
public final class GatewayClaims: Sendable {
    /// A gateway that has just started may not have heard the others yet.
    private static let acquaintance = TimeAmount.seconds(60)

    /// Of the messages that came before a claim and were delivered all the same, so many are remembered.
    private static let rememberedDeliveries = 1024

    public let gatewayID: ClientID
    private let delivered = Mutex<Deque<DeliveredMessage>>([])
    private let clock = Mutex(ClaimClock())
    private let hasCompany = Atomic(false)
    private let heard = Atomic(false)
    private let startedAt = NIODeadline.now()

    public init(gatewayID: ClientID) {
        self.gatewayID = gatewayID
    }

    /// The claim of a session that begins now.
    func claim(session: String) -> SessionClaim {
        let time = clock.withLock { $0.next(now: WallClock.milliseconds()) }
        return SessionClaim(gateway: gatewayID, session: session, time: time)
    }

    /// Notes a claim of another gateway. False: its time lies too far ahead to be believed.
    public func heard(_ claim: SessionClaim) -> Bool {
        guard claim.gateway != gatewayID else { return true }
        hasCompany.store(true, ordering: .relaxed)
        return clock.withLock { $0.heard(claim.time, now: WallClock.milliseconds()) }
    }

    public func isOwn(_ claim: SessionClaim) -> Bool { claim.gateway == gatewayID }

    /// Whether the broker delivers claims to this gateway.
    public func subscriptionChanged(isAcknowledged: Bool) {
        heard.store(isAcknowledged, ordering: .relaxed)
    }

    /// A message came behind the subscription and in front of the claim, and is this gateway's, as nobody else was there.
    func deliveredBeforeClaim(_ uniqueID: UniqueID, topic: Topic) {
        delivered.withLock { delivered in
            if delivered.count == Self.rememberedDeliveries { delivered.removeFirst() }
            delivered.append(DeliveredMessage(uniqueID: uniqueID, topic: topic))
        }
    }

    /// Asks the other gateways who has got a message.
    public func inquiry(about uniqueID: UniqueID) -> SessionClaim {
        SessionClaim.inquiry(by: gatewayID, message: uniqueID)
    }

    /// The answer to another gateway's inquiry where this one knows it without asking a session.
    public func answer(to inquiry: SessionClaim, topic: Topic) -> SessionClaim? {
        guard let uniqueID = inquiry.inquiredMessage, inquiry.gateway != gatewayID else { return nil }
        let message = DeliveredMessage(uniqueID: uniqueID, topic: topic)
        guard delivered.withLock({ $0.contains(message) }) else { return nil }
        return SessionClaim.delivered(by: gatewayID, answering: inquiry)
    }

    var isHeard: Bool { heard.load(ordering: .relaxed) }

    /// No other gateway has been heard of, and there was time for it.
    public func isAlone(now: NIODeadline) -> Bool {
        !hasCompany.load(ordering: .relaxed) && now - startedAt >= Self.acquaintance
    }
}

private struct DeliveredMessage: Equatable {
    var uniqueID: UniqueID
    var topic: Topic
}
