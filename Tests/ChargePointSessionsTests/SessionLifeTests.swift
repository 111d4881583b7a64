import MemoryBudget
import NIOCore
import OutsideNames
import Testing

@testable import ChargePointSessions

/// A session's life as a script of events; `Session` is a name here.
@Suite("The rules of a session's life")
struct SessionLifeTests {
    private typealias Life = SessionLife<String>

    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let budget = MemoryBudget(limit: 1 << 20)

    private func up(_ text: String, isCall: Bool = true) -> UpstreamMessage {
        let call = UpstreamMessage.Call(
            uniqueID: UniqueID(text), action: "Heartbeat", responseTopic: "cs", version: .v16)
        return UpstreamMessage(
            topic: "cp", payload: ByteBuffer(string: text), kind: isCall ? .call(call) : .presence, version: .v16)
    }

    private func down(_ text: String) -> DownstreamMessage {
        DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: nil)
    }

    private let claim = SessionClaim(gateway: "there", session: "other", time: 1)

    private func texts(_ messages: [UpstreamMessage]) -> [String] { messages.map { String(buffer: $0.payload) } }
    private func texts(_ messages: [DownstreamMessage]) -> [String] { messages.map { String(buffer: $0.payload) } }

    /// Where each message went.
    private func arrive(
        _ names: String..., at life: inout Life, limit: Int = 100, memory: inout MemoryShare
    ) -> [Life.Arrival] {
        var arrivals: [Life.Arrival] = []
        for name in names { arrivals.append(life.arrived(down(name), limit: limit, memory: &memory)) }
        return arrivals
    }

    /// A session that has subscribed.
    private func subscribing(hasClaims: Bool = true, expiry: NIODeadline? = nil) -> Life {
        var life = Life(hasClaims: hasClaims, expiry: expiry)
        guard case .subscribe = life.placeIsFree() else {
            Issue.record("not subscribed")
            return life
        }
        return life
    }

    private func opened(hasClaims: Bool = false, expiry: NIODeadline? = nil) -> Life {
        var life = subscribing(hasClaims: hasClaims, expiry: expiry)
        var opening = life.subscriptionAcknowledged(isHeard: true, isAlone: true, now: start)
        if hasClaims {
            guard case .open(let later) = life.heard(claim, .returned, isAlone: true, now: start) else {
                Issue.record("not open")
                return life
            }
            opening = later
        }
        #expect(opening != nil)
        let isOpen = life.isOpen
        #expect(isOpen)
        return life
    }

    // MARK: The beginning

    @Test
    func `What is published before the broker has acknowledged the subscription is kept, presence in front`() {
        var memory = MemoryShare(of: budget)
        var life = Life(hasClaims: false)
        let first = life.publish(up("1"), memory: &memory)
        guard case .subscribe = life.placeIsFree() else {
            Issue.record("the place is free")
            return
        }
        life.keepFirst(up("presence", isCall: false), memory: &memory)
        let second = life.publish(up("2"), memory: &memory)
        #expect(first == .kept && second == .kept && budget.used == 10)
        let opening = life.subscriptionAcknowledged(isHeard: true, isAlone: true, now: start)
        #expect(texts(opening?.upstream ?? []) == ["presence", "1", "2"])
        let open = life.publish(up("3"), memory: &memory)
        let again = life.subscriptionAcknowledged(isHeard: true, isAlone: true, now: start)
        #expect(open == .publish && again == nil)
    }

    @Test
    func `At most 512 messages are kept, and no more bytes than the session may hold`() {
        var memory = MemoryShare(of: budget)
        var life = subscribing()
        for number in 0..<Life.mostUpstream { _ = life.publish(up("\(number)"), memory: &memory) }
        let full = life.publish(up("more"), memory: &memory)
        #expect(full == .full)
        let small = MemoryBudget(limit: 16)
        var share = MemoryShare(of: small)
        var other = subscribing()
        let fits = other.publish(up("1234"), memory: &share)
        let tooMuch = other.publish(up("5"), memory: &share)
        #expect(fits == .kept && tooMuch == .full)
    }

    @Test
    func `A CALL that its charge point has been told failed is not published any more`() {
        var memory = MemoryShare(of: budget)
        var life = subscribing(hasClaims: false)
        for id in ["1", "2", "3"] { _ = life.publish(up(id), memory: &memory) }
        life.forget("2", memory: &memory)
        #expect(budget.used == 2)
        let opening = life.subscriptionAcknowledged(isHeard: true, isAlone: true, now: start)
        #expect(texts(opening?.upstream ?? []) == ["1", "3"])
    }

    // MARK: Claims

    @Test
    func `Alone a session opens when its claim comes back; with others only when the settle time has passed`() {
        var alone = subscribing()
        let early = alone.subscriptionAcknowledged(isHeard: true, isAlone: true, now: start)
        #expect(early == nil)
        guard case .open = alone.heard(claim, .returned, isAlone: true, now: start) else {
            Issue.record("not open")
            return
        }
        var life = subscribing()
        _ = life.subscriptionAcknowledged(isHeard: true, isAlone: false, now: start)
        guard case .nothing = life.heard(claim, .returned, isAlone: false, now: start) else {
            Issue.record("open at once")
            return
        }
        let deadline = life.deadline
        #expect(deadline == start + ClaimWait.settleTime)
        let due = life.timerFired(linkIsUp: true, claimsComeBack: false, now: deadline)
        #expect(due.opening != nil && due.claimMissedSince == nil)
        let after = life.deadline
        #expect(after == .distantFuture)
    }

    @Test
    func `A claim that does not come back holds a session up for a second, and that is said`() {
        var life = subscribing()
        _ = life.subscriptionAcknowledged(isHeard: true, isAlone: true, now: start)
        let down = life.timerFired(linkIsUp: false, claimsComeBack: false, now: start + ClaimWait.longestReturn)
        #expect(down.opening == nil, "with the link down nothing could come back")
        let due = life.timerFired(
            linkIsUp: true, claimsComeBack: false, now: start + ClaimWait.longestReturn + ClaimWait.longestReturn)
        #expect(due.opening != nil && due.claimMissedSince == start + ClaimWait.longestReturn)
    }

    @Test
    func `Messages wait until it is clear whose they are; those in front of the claim are the older session's`() {
        var memory = MemoryShare(of: budget)
        var life = subscribing()
        _ = life.subscriptionAcknowledged(isHeard: true, isAlone: false, now: start)
        let before = arrive("a", at: &life, memory: &memory)
        _ = life.heard(claim, .returned, isAlone: false, now: start)
        let behind = arrive("b", at: &life, memory: &memory)
        #expect(before == [.hold] && behind == [.hold] && budget.used == 2)
        guard case .open(let opening) = life.heard(claim, .holderEnded, isAlone: false, now: start) else {
            Issue.record("not open")
            return
        }
        #expect(opening.downstream.map(\.isLeft) == [true, false])
        #expect(texts(opening.downstream.map(\.message)) == ["a", "b"])
        let open = arrive("c", at: &life, memory: &memory)
        #expect(open == [.deliver])
    }

    @Test
    func `A gateway that is slow to say that its session has ended does not have a command delivered twice`() {
        var memory = MemoryShare(of: budget)
        var life = subscribing()
        _ = life.subscriptionAcknowledged(isHeard: true, isAlone: false, now: start)
        _ = arrive("a", at: &life, memory: &memory)
        let returned = start + ClaimWait.longestReturn * 5
        let early = life.timerFired(linkIsUp: true, claimsComeBack: true, now: returned)
        #expect(early.opening == nil && early.claimMissedSince == nil, "the broker is slow")
        _ = life.heard(claim, .returned, isAlone: false, now: returned)
        let settled = life.timerFired(linkIsUp: true, claimsComeBack: true, now: returned + ClaimWait.settleTime)
        let deadline = life.deadline
        #expect(settled.opening == nil && deadline == returned + ClaimWait.longestSettleTime)
        let late = returned + ClaimWait.longestSettleTime - .milliseconds(1)
        guard case .open(let opening) = life.heard(claim, .holderEnded, isAlone: false, now: late) else {
            Issue.record("not open")
            return
        }
        #expect(opening.downstream.map(\.isLeft) == [true])
    }

    @Test
    func `Without an older session, or behind an older claim, nothing is left to another gateway`() {
        for hasStaleClaim in [true, false] {
            var memory = MemoryShare(of: budget)
            var life = subscribing()
            _ = life.subscriptionAcknowledged(isHeard: true, isAlone: false, now: start)
            _ = arrive("a", at: &life, memory: &memory)
            if hasStaleClaim {
                guard case .claim = life.heard(claim, .stale, isAlone: false, now: start) else {
                    Issue.record("that gateway does not hear of this session")
                    return
                }
            }
            _ = life.heard(claim, .returned, isAlone: false, now: start)
            let opening: Life.Opening?
            if hasStaleClaim, case .open(let settled) = life.heard(claim, .holderEnded, isAlone: false, now: start) {
                opening = settled
            } else {
                let due = start + ClaimWait.longestSettleTime
                opening = life.timerFired(linkIsUp: true, claimsComeBack: true, now: due).opening
            }
            #expect(opening?.downstream.map(\.isLeft) == [false])
        }
    }

    @Test
    func `As many messages wait as may be queued, and what comes behind them never passes them`() {
        var memory = MemoryShare(of: budget)
        var life = subscribing()
        let arrivals = arrive("a", "b", "c", at: &life, limit: 2, memory: &memory)
        #expect(arrivals == [.hold, .hold, .tooMany])
        let opening = life.cannotHearClaims()
        #expect(opening == nil, "the subscription is not acknowledged yet")
        let behind = arrive("d", at: &life, memory: &memory)
        #expect(behind == [.hold])
        let opened = life.subscriptionAcknowledged(isHeard: false, isAlone: false, now: start)
        #expect(texts(opened?.downstream.map(\.message) ?? []) == ["a", "b", "d"])
    }

    @Test
    func `Without claims messages are delivered from the beginning`() {
        var memory = MemoryShare(of: budget)
        var life = Life(hasClaims: false)
        let waiting = arrive("a", at: &life, memory: &memory)
        _ = life.placeIsFree()
        let subscribing = arrive("b", at: &life, memory: &memory)
        #expect(waiting == [.deliver] && subscribing == [.deliver])
    }

    @Test
    func `Inquiries are answered when the session opens, at most 64 of them, and at once from then on`() {
        var life = subscribing()
        for _ in 0..<(Life.mostInquiries + 10) {
            guard case .nothing = life.heard(claim, .asked, isAlone: false, now: start) else {
                Issue.record("answered too early")
                return
            }
        }
        _ = life.subscriptionAcknowledged(isHeard: false, isAlone: false, now: start)
        var other = subscribing()
        for _ in 0..<(Life.mostInquiries + 10) { _ = other.heard(claim, .asked, isAlone: false, now: start) }
        let opening = other.subscriptionAcknowledged(isHeard: false, isAlone: false, now: start)
        #expect(opening?.inquiries.count == Life.mostInquiries)
        guard case .answer = other.heard(claim, .asked, isAlone: false, now: start) else {
            Issue.record("not answered")
            return
        }
    }

    @Test
    func `A newer claim of another gateway ends the session, and what comes then is that gateway's`() {
        var memory = MemoryShare(of: budget)
        var life = opened(hasClaims: true)
        guard case .giveWay = life.heard(claim, .replaced, isAlone: false, now: start) else {
            Issue.record("it stays")
            return
        }
        let ending = life.end(.otherGateway)
        #expect(ending?.hasSubscribed == true && ending?.keepsSubscription == false)
        let late = arrive("late", at: &life, memory: &memory)
        #expect(late == [.leave])
        guard case .nothing = life.heard(claim, .stale, isAlone: false, now: start) else {
            Issue.record("a session that has ended says nothing")
            return
        }
    }

    // MARK: The end

    @Test
    func `A session ends once, and what waited is handed out`() {
        var memory = MemoryShare(of: budget)
        var life = subscribing()
        _ = life.publish(up("1"), memory: &memory)
        _ = arrive("a", at: &life, memory: &memory)
        let ending = life.end(.nobody)
        #expect(texts(ending?.upstream ?? []) == ["1"] && texts(ending?.downstream ?? []) == ["a"])
        #expect(ending?.hasSubscribed == true && ending?.keepsSubscription == false)
        let again = life.end(.nobody)
        let late = arrive("late", at: &life, memory: &memory)
        let published = life.publish(up("2"), memory: &memory)
        #expect(again == nil && late == [.report] && published == .publish, "reports still go out")
    }

    @Test
    func `A newer session here takes the subscription over, and is told at once`() {
        var memory = MemoryShare(of: budget)
        var life = opened()
        guard case .endAndTell(let ending) = life.giveWay(to: "newer") else {
            Issue.record("not told")
            return
        }
        #expect(ending.hasSubscribed && ending.keepsSubscription)
        let late = arrive("late", at: &life, memory: &memory)
        #expect(late == [.passOn])
        guard case .tell = life.giveWay(to: "newest") else {
            Issue.record("it would wait for ever")
            return
        }
    }

    @Test
    func `One that has still to wait for the one before lets the newer one wait for it too`() {
        var life = Life(hasClaims: true)
        guard case .end(let ending) = life.giveWay(to: "newer") else {
            Issue.record("told too early")
            return
        }
        #expect(!ending.hasSubscribed && ending.keepsSubscription)
        guard case .tell("newer") = life.placeIsFree() else {
            Issue.record("not told")
            return
        }
        guard case .nothing = life.placeIsFree() else {
            Issue.record("told twice")
            return
        }
    }

    @Test
    func `One that leaves before its turn lets the subscription go, unless a newer one waits behind it`() {
        var left = Life(hasClaims: true)
        let ending = left.end(.nobody)
        #expect(ending?.hasSubscribed == false)
        guard case .letSubscriptionGo = left.placeIsFree() else {
            Issue.record("the subscription stays for nobody")
            return
        }
        var life = Life(hasClaims: true)
        _ = life.end(.nobody)
        guard case .nothing = life.giveWay(to: "newer") else {
            Issue.record("the one before has not ended")
            return
        }
        guard case .tell("newer") = life.placeIsFree() else {
            Issue.record("not told")
            return
        }
    }

    @Test
    func `What came in a charge point's first moments goes on to the session that takes over`() {
        var older = opened(hasClaims: true)
        older.delivers("seen", now: start)
        var newer = Life(hasClaims: true)
        _ = newer.placeIsFree(older.receivedEarly)
        let (seen, unseen) = (
            newer.receivedEarly.answer(about: "seen", start), newer.receivedEarly.answer(about: "unseen", start)
        )
        #expect(seen == .received && unseen == .unknown)
    }

    // MARK: Credentials

    @Test(arguments: [true, false])
    func `Credentials that expire end the session, whether it is open or not`(isOpen: Bool) {
        let expiry = start + .seconds(60)
        var life = isOpen ? opened(expiry: expiry) : subscribing(hasClaims: false, expiry: expiry)
        let deadline = life.deadline
        #expect(deadline == expiry)
        let early = life.timerFired(linkIsUp: true, claimsComeBack: false, now: start + .seconds(59))
        #expect(!early.isExpired)
        let due = life.timerFired(linkIsUp: true, claimsComeBack: false, now: expiry)
        #expect(due.isExpired)
        _ = life.end(.nobody)
        let after = life.deadline
        #expect(after == .distantFuture)
    }
}
