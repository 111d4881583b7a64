import Logging
import NIOCore
import OCPPJ
import OutsideNames

// What other gateways say about the charge point, and what they are told.
extension ChargePointSession {
    var claimMessage: UpstreamMessage? {
        guard let topic = topics.claim, let claim = heldClaim?.claim else { return nil }
        return UpstreamMessage(topic: topic, payload: claim.payload())
    }

    /// The session's claim as the clock is set now.
    package nonisolated var currentClaim: SessionClaim? { heldClaim?.claim }

    private nonisolated var heldClaim: HeldClaim? {
        claim.map { HeldClaim($0, age: now - connectedAt, now: WallClock.milliseconds()) }
    }

    private func publishClaim() {
        if let message = claimMessage { publishAtOnce(message) }
    }

    /// The broker may have lost claims of others meanwhile: one that has a newer session answers this one.
    package func claimAgain() {
        if life.isOpen { publishClaim() }
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
    package func heard(_ other: SessionClaim) {
        guard !isEnded, let claim = heldClaim, let claims = context.claims else { return }
        let now = now
        let verdict = claim.verdict(on: other, now: WallClock.milliseconds())
        if verdict == .returned { claims.claimReturned() }
        switch life.heard(other, verdict, isAlone: claims.isAlone(now: now), now: now) {
        case .nothing:
            // It may wait for something else from now on.
            armTimer(now: now)
        case .open(let opening): open(opening, now: now)
        case .giveWay: giveWay(toClaim: other)
        case .claim:
            log(.debug, "older claim answered", ["gateway": "\(other.gateway)", "session": "\(other.session)"])
            publishClaim()
        case .answer: answer(other, now: now)
        }
    }

    /// Without an answer whoever asks reports that nobody got the message.
    func answer(_ inquiry: SessionClaim, now: NIODeadline) {
        guard let uniqueID = inquiry.inquiredMessage, let claim = heldClaim?.claim,
            let topic = topics.claimAnswers(to: inquiry.gateway)
        else { return }
        switch life.receivedEarly.answer(about: uniqueID, now) {
        case .received: publishAtOnce(claim.delivered(answering: inquiry), on: topic)
        case .subscribedForLong: publishAtOnce(claim.answer(to: inquiry), on: topic)
        case .unknown: break
        }
    }

    private func giveWay(toClaim other: SessionClaim) {
        context.counters.add(.replaced)
        log(
            .info, "claimed by another gateway",
            ["gateway": "\(other.gateway)", "session": "\(sessionID)", "newer_session": "\(other.session)"])
        end(.replaced, heir: .otherGateway)
        // Behind the reports in the broker's order: the newer session may publish now.
        if let topic = topics.claim, let claim = heldClaim?.claim {
            publishAtOnce(claim.ended(inFavourOf: other), on: topic)
        }
    }

    /// The broker does not let this gateway hear the charge point's claims.
    package func claimSubscriptionRefused() {
        context.claims?.subscriptionRefused()
        if let opening = life.cannotHearClaims() { open(opening, now: now) }
    }

    func leaveToOtherGateway(_ downstream: DownstreamMessage) {
        log(
            .debug, "message left to the gateway that had the charge point when it was published",
            ["id": "\(OCPPMessage.head(ofRelay: downstream.payload).uniqueID ?? "-")"])
    }
}
