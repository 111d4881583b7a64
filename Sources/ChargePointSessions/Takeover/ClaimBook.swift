import NIOCore
import OutsideNames

/// Which charge points other gateways have claimed lately, and which gateways. The broker may still deliver messages for them here (an
/// unsubscribe on its way, a persistent session); the gateway that has them delivers those too.
///
/// Bounded in time and number: two generations, of which the older is forgotten.
package struct ClaimBook {
    static let generationTime = TimeAmount.seconds(60)
    static let generationSize = 16_384

    private var young: [Topic: ClientID] = [:]
    private var old: [Topic: ClientID] = [:]
    private var turn: NIODeadline?

    package init() {}

    package mutating func claimedElsewhere(_ topic: Topic, by gateway: ClientID, now: NIODeadline) {
        age(now)
        if young.count >= Self.generationSize { forgetOld(now) }
        young[topic] = gateway
    }

    package mutating func claimedHere(_ topic: Topic) {
        young[topic] = nil
        old[topic] = nil
    }

    package mutating func isElsewhere(_ topic: Topic, now: NIODeadline) -> Bool {
        holder(of: topic, now: now) != nil
    }

    /// The gateway that has claimed the charge point last.
    package mutating func holder(of topic: Topic, now: NIODeadline) -> ClientID? {
        age(now)
        return young[topic] ?? old[topic]
    }

    private mutating func age(_ now: NIODeadline) {
        guard let turn else {
            self.turn = now + Self.generationTime
            return
        }
        guard turn <= now else { return }
        if now - turn >= Self.generationTime { young.removeAll() }
        forgetOld(now)
    }

    private mutating func forgetOld(_ now: NIODeadline) {
        old = young
        young = [:]
        turn = now + Self.generationTime
    }
}
