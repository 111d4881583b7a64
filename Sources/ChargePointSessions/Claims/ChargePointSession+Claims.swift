import Logging
import NIOCore
import OCPPJ
import OutsideNames

/// A message from the broker that came while it was not clear yet whose it is.
struct HeldDownstreamMessage {
    let message: DownstreamMessage
    /// In the broker's order it stood in front of the session's own claim, and behind that of an older session, if one
    /// came at all.
    var isBeforeClaim: Bool
}

// What other gateways say about the charge point, and what they are told.
extension ChargePointSession {
    var claimMessage: UpstreamMessage? {
        guard let topic = topics.claim, let claim = heldClaim?.claim else { return nil }
        return UpstreamMessage(topic: topic, payload: claim.payload())
    }

    /// The session's claim as the clock is set now.
    package nonisolated var currentClaim: SessionClaim? { heldClaim?.claim }

    nonisolated var heldClaim: HeldClaim? {
        claim.map { HeldClaim($0, age: .now() - connectedAt, now: WallClock.milliseconds()) }
    }

    private func publishClaim() {
        if let message = claimMessage { publishAtOnce(message) }
    }

    /// The broker may have lost claims of others meanwhile: one that has a newer session answers this one.
    package func claimAgain() {
        if phase == .open { publishClaim() }
    }

    private func publishAtOnce(_ claim: SessionClaim, on topic: Topic) {
        publishAtOnce(UpstreamMessage(topic: topic, payload: claim.payload()))
    }

    private func publishAtOnce(_ message: UpstreamMessage) {
        let admission = link.publish(message, from: self)
        if admission != .accepted {
            log(.error, "claim lost", ["topic": "\(message.topic)", "reason": "\(admission.text)"])
        }
    }

    /// A claim of this charge point has arrived, in the broker's order with what is published to the charge point.
    package func received(_ other: SessionClaim) {
        guard !isEnded, let claim = heldClaim, let claims = context.claims else { return }
        switch claim.verdict(on: other, now: WallClock.milliseconds()) {
        case .returned:
            claims.claimReturned()
            claimWait.returned(isAlone: claims.isAlone(now: .now()), now: .now())
            openIfSettled()
            armTimer()
        case .holderEnded:
            claimWait.holderEnded()
            openIfSettled()
        case .replaced:
            giveWay(to: other)
        case .stale:
            // What came in front of it cannot have been that session's.
            for index in heldDownstream.indices { heldDownstream[index].isBeforeClaim = false }
            log(.debug, "older claim answered", ["gateway": "\(other.gateway)", "session": "\(other.session)"])
            // Its gateway cannot have heard of this session: it learns of it now, and ends its own.
            if phase != .waitingForPredecessor { publishClaim() }
        case .asked:
            // Until it is clear whose the messages are that wait here, so is the answer.
            if phase == .open { answer(other) } else if inquiries.count < Self.mostInquiries { inquiries.append(other) }
        case .nothing: break
        }
    }

    private static let mostInquiries = 64

    /// Without an answer whoever asks reports that nobody got the message.
    private func answer(_ inquiry: SessionClaim) {
        guard let uniqueID = inquiry.inquiredMessage, let claim = heldClaim?.claim,
            let topic = topics.claimAnswers(to: inquiry.gateway)
        else { return }
        switch receivedEarly.answer(about: uniqueID, .now()) {
        case .received: publishAtOnce(claim.delivered(answering: inquiry), on: topic)
        case .subscribedForLong: publishAtOnce(claim.answer(to: inquiry), on: topic)
        case .unknown: break
        }
    }

    private func giveWay(to other: SessionClaim) {
        context.counters.add(.replaced)
        log(
            .info, "claimed by another gateway",
            ["gateway": "\(other.gateway)", "session": "\(sessionID)", "newer_session": "\(other.session)"])
        isElsewhere = true
        end(.replaced)
        // Behind the reports in the broker's order: the newer session may publish now.
        if let topic = topics.claim, let claim = heldClaim?.claim {
            publishAtOnce(claim.ended(inFavourOf: other), on: topic)
        }
    }

    /// The broker does not let this gateway hear the charge point's claims.
    package func claimSubscriptionRefused() {
        context.claims?.subscriptionRefused()
        guard !isEnded, claim != nil else { return }
        claimWait.cannotHear()
        openIfSettled()
    }

    // MARK: What arrives meanwhile

    func hold(_ downstream: DownstreamMessage) {
        guard heldDownstream.count < context.settings.maxQueuedCalls,
            machine.takeDownstreamMemory(downstream.payload.readableBytes)
        else {
            context.counters.add(.badDownstreamMessages)
            return report(
                "queue_full", OCPPMessage.head(ofRelay: downstream.payload), .genericError,
                "too many messages wait for this charge point already")
        }
        heldDownstream.append(HeldDownstreamMessage(message: downstream, isBeforeClaim: !claimWait.hasReturned))
    }

    func takeHeldDownstream() -> [HeldDownstreamMessage] {
        for held in heldDownstream { machine.giveDownstreamMemory(held.message.payload.readableBytes) }
        defer { heldDownstream = [] }
        return heldDownstream
    }

    /// What came before the claim was delivered by the session that had the charge point then, if there was one.
    func releaseHeldDownstream() {
        for item in takeHeldDownstream() where !isEnded {
            if item.isBeforeClaim, claimWait.hasReturned, claimWait.hasHolderEnded {
                leaveToOtherGateway(item.message)
            } else {
                deliver(item.message)
            }
        }
        let inquiries = inquiries
        self.inquiries = []
        for inquiry in inquiries where !isEnded { answer(inquiry) }
    }

    func leaveToOtherGateway(_ downstream: DownstreamMessage) {
        log(
            .debug, "message left to the gateway that had the charge point when it was published",
            ["id": "\(OCPPMessage.head(ofRelay: downstream.payload).uniqueID ?? "-")"])
    }

    func reportUndelivered(_ downstream: DownstreamMessage) {
        report(
            "disconnected", OCPPMessage.head(ofRelay: downstream.payload), .genericError,
            "the charge point's session has ended")
    }
}
