import MemoryBudget
import NIOCore
import OutsideNames
import Testing

@testable import ChargePointSessions
@testable import OCPPJ

@Suite("The rules of a session")
struct CallRulesTests {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func call(_ id: UniqueID, expires: NIODeadline? = nil, size: Int = 0) -> DownstreamQueue.Call {
        DownstreamQueue.Call(
            uniqueID: id, action: "Reset", frame: ByteBuffer(repeating: 0, count: size), expires: expires)
    }

    private func heartbeat(_ id: UniqueID, text: String = "") -> OCPPMessage {
        OCPPMessage(
            uniqueID: id, uniqueIDToken: 0..<0, body: .call(action: "Heartbeat", payload: nil),
            text: ByteBuffer(string: "\(id)\(text)"))
    }

    private func result(_ id: UniqueID) -> OCPPMessage {
        OCPPMessage(uniqueID: id, uniqueIDToken: 0..<0, body: .callResult(payload: nil), text: ByteBuffer())
    }

    @Test
    func `A CALL is relayed with the deadline of its answer`() {
        var machine = CallRules(settings: SessionSettings(answerTimeout: .seconds(7)), now: start)
        let action = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        #expect(action == .relayCall(deadline: start + .seconds(7)))
        let action2 = machine.centralSystemAnswered("1")?.action
        #expect(action2 == "Heartbeat")
        let again = machine.centralSystemAnswered("1")?.action
        #expect(again == nil, "an answer is delivered once")
    }

    @Test
    func `A CALL with the UniqueId of one that is open and other bytes gets ProtocolError, and the first stays open`() {
        var machine = CallRules(settings: SessionSettings(), now: start)
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        guard
            case .refuseDuplicate = machine.chargePointSent(
                heartbeat("1", text: " "), linkIsUp: true, now: start)
        else {
            Issue.record("not refused")
            return
        }
        let first = machine.centralSystemAnswered("1")?.action
        #expect(first == "Heartbeat")
    }

    @Test
    func `The same CALL while it is open or waits is a retry: dropped, and no bad message`() {
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1, maxBadMessages: 1), now: start)
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        let waiting = machine.chargePointSent(heartbeat("2"), linkIsUp: true, now: start)
        #expect(waiting == .wait)
        for _ in 0..<5 {
            let open = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
            let waiting = machine.chargePointSent(heartbeat("2"), linkIsUp: true, now: start)
            #expect(open == .dropRetry && waiting == .dropRetry)
        }
        guard
            case .refuseDuplicate = machine.chargePointSent(
                heartbeat("2", text: " "), linkIsUp: true, now: start)
        else {
            Issue.record("not refused")
            return
        }
        let isTooBad = machine.hasTooManyBadMessages
        #expect(!isTooBad, "one bad message is allowed, retries are none")
        _ = machine.centralSystemAnswered("1")
        let released = machine.takeWaitingCall(linkIsUp: true, now: start)
        #expect(released?.0.uniqueID == "2")
        let nothing = machine.takeWaitingCall(linkIsUp: true, now: start)
        #expect(nothing == nil, "it waited once")
        _ = machine.centralSystemAnswered("2")
        let again = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        #expect(again == .relayCall(deadline: start + .seconds(25)), "it is answered: a new CALL")
    }

    @Test
    func `UniqueIds are the same if their bytes are`() {
        var machine = CallRules(settings: SessionSettings(), now: start)
        for id in ["K", "\u{212A}", "\u{e9}", "e\u{301}"] as [UniqueID] {
            guard case .relayCall = machine.chargePointSent(heartbeat(id), linkIsUp: true, now: start) else {
                Issue.record("\(id) was taken for another")
                return
            }
        }
        let answered = machine.centralSystemAnswered("\u{212A}")?.action
        let again = machine.centralSystemAnswered("\u{212A}")?.action
        #expect(answered != nil && again == nil)
    }

    @Test
    func `Beyond max_open_calls CALLs wait, in order, and answers pass them`() {
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 2), now: start)
        _ = machine.centralSystemSent(call("down"), now: start)
        for id in ["1", "2"] as [UniqueID] {
            _ = machine.chargePointSent(heartbeat(id), linkIsUp: true, now: start)
        }
        for id in ["3", "4"] as [UniqueID] {
            let action = machine.chargePointSent(heartbeat(id), linkIsUp: true, now: start)
            #expect(action == .wait)
        }
        let answer = machine.chargePointSent(result("down"), linkIsUp: true, now: start)
        #expect(answer == .relayAnswer(sentAt: start))
        let early = machine.takeWaitingCall(linkIsUp: true, now: start)
        #expect(early == nil)
        _ = machine.centralSystemAnswered("1")
        // One that comes now has to wait behind those that wait.
        let fifth = machine.chargePointSent(heartbeat("5"), linkIsUp: true, now: start)
        #expect(fifth == .wait)
        for (id, open) in [("3", "2"), ("4", "3"), ("5", "4")] as [(UniqueID, UniqueID)] {
            let next = machine.takeWaitingCall(linkIsUp: true, now: start)
            #expect(next?.0.uniqueID == id && next?.1 == .relayCall(deadline: start + .seconds(25)))
            let tooMany = machine.takeWaitingCall(linkIsUp: true, now: start)
            #expect(tooMany == nil)
            _ = machine.centralSystemAnswered(open)
        }
    }

    @Test
    func `At most 64 CALLs and 256 KB wait; beyond that reading stops`() {
        let memory = MemoryBudget(limit: 1 << 30)
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), memory: memory, now: start)
        _ = machine.chargePointSent(heartbeat("0"), linkIsUp: true, now: start)
        for number in 1...64 {
            let action = machine.chargePointSent(heartbeat(UniqueID("w\(number)")), linkIsUp: true, now: start)
            #expect(action == .wait)
        }
        let next = machine.chargePointSent(heartbeat("next"), linkIsUp: true, now: start)
        #expect(next == .hold)
        #expect(memory.used > 0)
        _ = machine.end()
        #expect(memory.used == 0)
        let long = String(repeating: "x", count: 100 << 10)
        for (id, expected) in [("a", .wait), ("b", .wait), ("c", .hold)]
            as [(UniqueID, CallRules.UpstreamAction)]
        {
            let action = machine.chargePointSent(heartbeat(id, text: long), linkIsUp: true, now: start)
            #expect(action == expected)
        }
        let small = machine.chargePointSent(heartbeat("d"), linkIsUp: true, now: start)
        #expect(small == .wait)
        #expect(memory.used > 200 << 10 && memory.used < 256 << 10)
    }

    @Test
    func `Where all sessions together hold too much a CALL over the limit is refused, and a command is`() {
        let memory = MemoryBudget(limit: 4000)
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), memory: memory, now: start)
        _ = machine.chargePointSent(heartbeat("0"), linkIsUp: true, now: start)
        let long = String(repeating: "x", count: 800)
        let first = machine.chargePointSent(heartbeat("1", text: long), linkIsUp: true, now: start)
        #expect(first == .wait)
        guard
            case .refuseForBroker = machine.chargePointSent(
                heartbeat("2", text: long), linkIsUp: true, now: start)
        else {
            Issue.record("more than a quarter of all in one session")
            return
        }
        // The other way has a share of its own.
        _ = machine.centralSystemSent(call("a", size: 3000), now: start)
        let waits = machine.centralSystemSent(call("b", size: 900), now: start)
        #expect(waits == .wait, "what has been sent holds nothing")
        guard case .refuse(.queueFull, _) = machine.centralSystemSent(call("c", size: 900), now: start) else {
            Issue.record("not refused")
            return
        }
        _ = machine.chargePointSent(result("a"), linkIsUp: true, now: start)
        _ = machine.nextCall(now: start)
        let again = machine.centralSystemSent(call("c", size: 900), now: start)
        #expect(again == .wait)
        #expect(memory.used == 801 + 900)
        _ = machine.end()
        #expect(memory.used == 0)
    }

    @Test
    func `A CALL that is 30 s old holds its charge point up no longer, although it is still open`() {
        var machine = CallRules(
            settings: SessionSettings(maxOpenCalls: 1, answerTimeout: nil), now: start)
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        let early = machine.chargePointSent(heartbeat("2"), linkIsUp: true, now: start + .seconds(29))
        #expect(early == .wait)
        let due = machine.nextDeadline(now: start + .seconds(29))
        #expect(due == start + .seconds(30))
        let late = machine.takeWaitingCall(linkIsUp: true, now: start + .seconds(30))
        #expect(late?.1 == .relayCall(deadline: nil))
        let first = machine.centralSystemAnswered("1")?.action
        #expect(first == "Heartbeat")
    }

    @Test
    func `When the broker goes away what waits is refused`() {
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), now: start)
        for id in ["1", "2"] as [UniqueID] { _ = machine.chargePointSent(heartbeat(id), linkIsUp: true, now: start) }
        let refused = machine.takeWaitingCall(linkIsUp: false, now: start)
        guard case .refuseForBroker? = refused?.1 else {
            Issue.record("not refused")
            return
        }
    }

    @Test
    func `With the broker away the CALL over the limit is refused at once`() {
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), now: start)
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: false, now: start)
        guard
            case .refuseForBroker = machine.chargePointSent(
                heartbeat("2"), linkIsUp: false, now: start)
        else {
            Issue.record("not refused")
            return
        }
    }

    @Test
    func `A CALL without an answer is given up after the answer time-out, once`() {
        var machine = CallRules(settings: SessionSettings(answerTimeout: .seconds(5)), now: start)
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        let early = machine.takeTimeout(now: start + .seconds(4))
        #expect(early == nil)
        guard case .answer(let call) = machine.takeTimeout(now: start + .seconds(5)) else {
            Issue.record("no time-out")
            return
        }
        #expect(call.uniqueID == "1")
        let again = machine.takeTimeout(now: start + .seconds(5))
        #expect(again == nil)
        let answered = machine.centralSystemAnswered("1")?.action
        #expect(answered == nil, "the backend's late answer is unsolicited")
    }

    @Test
    func `One CALL towards the charge point is unanswered at a time; the others follow in order`() {
        var machine = CallRules(settings: SessionSettings(), now: start)
        let first = machine.centralSystemSent(call("a"), now: start)
        let second = machine.centralSystemSent(call("b"), now: start)
        let third = machine.centralSystemSent(call("c"), now: start)
        #expect([first, second, third] == [.send, .wait, .wait])
        let tooEarly = machine.nextCall(now: start)
        #expect(tooEarly == nil)
        let answer = machine.chargePointSent(result("a"), linkIsUp: true, now: start)
        #expect(answer == .relayAnswer(sentAt: start))
        let next = machine.nextCall(now: start)
        #expect(next?.uniqueID == "b")
        let after = machine.nextCall(now: start)
        #expect(after == nil)
    }

    @Test
    func `The queue refuses the CALL over max_mqueue_len, and one that it already has`() {
        var machine = CallRules(settings: SessionSettings(maxQueuedCalls: 1), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        _ = machine.centralSystemSent(call("b"), now: start)
        let inFlight = machine.centralSystemSent(call("a"), now: start)
        let queued = machine.centralSystemSent(call("b"), now: start)
        #expect(inFlight == .dropDuplicate)
        #expect(queued == .dropDuplicate)
        guard case .refuse(.queueFull, _) = machine.centralSystemSent(call("c"), now: start) else {
            Issue.record("not refused")
            return
        }
    }

    @Test
    func `An unanswered CALL is given up, the next goes out, and a late answer is still relayed`() {
        var machine = CallRules(settings: SessionSettings(callTimeout: .seconds(3)), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        _ = machine.centralSystemSent(call("b"), now: start)
        guard case .call(let given) = machine.takeTimeout(now: start + .seconds(3)) else {
            Issue.record("no time-out")
            return
        }
        #expect(given.uniqueID == "a")
        let next = machine.nextCall(now: start + .seconds(3))
        #expect(next?.uniqueID == "b")
        let late = machine.chargePointSent(result("a"), linkIsUp: true, now: start + .seconds(4))
        #expect(late == .relayAnswer(sentAt: nil))
        let twice = machine.chargePointSent(result("a"), linkIsUp: true, now: start + .seconds(4))
        #expect(twice == .dropUnmatchedAnswer)
    }

    @Test
    func `A CALL whose MQTT expiry passes in the queue is taken out when it passes`() {
        var machine = CallRules(settings: SessionSettings(), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        _ = machine.centralSystemSent(call("b", expires: start + .seconds(2)), now: start)
        let due = machine.nextDeadline(now: start)
        #expect(due == start + .seconds(2))
        guard case .expiry(let expired) = machine.takeTimeout(now: start + .seconds(2)) else {
            Issue.record("not expired")
            return
        }
        #expect(expired.uniqueID == "b")
        guard
            case .refuse(.expired, _) = machine.centralSystemSent(
                call("c", expires: start), now: start + .seconds(2))
        else {
            Issue.record("an expired CALL was taken")
            return
        }
    }

    @Test
    func `At the end everything that was not answered is handed back in order`() {
        var machine = CallRules(settings: SessionSettings(), now: start)
        for id in ["a", "b", "c"] as [UniqueID] { _ = machine.centralSystemSent(call(id), now: start) }
        let open = machine.end().downstreamCalls.map(\.uniqueID)
        #expect(open == ["a", "b", "c"])
        let nothing = machine.end()
        #expect(nothing.downstreamCalls.isEmpty)
    }

    @Test
    func `A malformed message is answered; a malformed answer is reported if its CALL is open, and answered never`() {
        var machine = CallRules(settings: SessionSettings(), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        let bad = machine.chargePointSentBad(.malformed(type: nil, uniqueID: nil, reason: "r"))
        #expect(bad == .answer(uniqueID: nil, .malformedMessage, "r"))
        for type in [MessageType.callResult, .callError] {
            let unknown = machine.chargePointSentBad(.malformed(type: type, uniqueID: "x", reason: "r"))
            #expect(unknown == .drop(uniqueID: "x", "r"))
            let unread = machine.chargePointSentBad(.malformed(type: type, uniqueID: nil, reason: "r"))
            #expect(unread == .drop(uniqueID: nil, "r"))
        }
        let open = machine.chargePointSentBad(.malformed(type: .callError, uniqueID: "a", reason: "r"))
        #expect(open == .report(call("a"), .callError, "r"))
    }

    @Test
    func `An unknown message type is ignored, and is no bad message`() {
        var machine = CallRules(settings: SessionSettings(maxBadMessages: 1), now: start)
        for _ in 0..<5 {
            let action = machine.chargePointSentBad(.unknownMessageType(number: "9", uniqueID: "a"))
            #expect(action == .ignore(uniqueID: "a", "MessageTypeId: 9 names no message type"))
        }
        let isTooBad = machine.hasTooManyBadMessages
        #expect(!isTooBad)
    }

    @Test
    func `More bad messages in a row than allowed are too many; a good one starts the count again`() {
        var machine = CallRules(settings: SessionSettings(maxBadMessages: 2), now: start)
        let bad = OCPPMessageProblem.malformed(type: nil, uniqueID: nil, reason: "r")
        for _ in 0..<2 { _ = machine.chargePointSentBad(bad) }
        let tooMany1 = machine.hasTooManyBadMessages
        #expect(!tooMany1)
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        for _ in 0..<2 { _ = machine.chargePointSentBad(bad) }
        let tooMany2 = machine.hasTooManyBadMessages
        #expect(!tooMany2)
        _ = machine.chargePointSentBad(bad)
        let tooMany3 = machine.hasTooManyBadMessages
        #expect(tooMany3)
    }

    @Test
    func `Silence calls for a ping after half the interval, and for the end after twice the interval`() {
        let settings = SessionSettings(defaultHeartbeatInterval: .seconds(10))
        var machine = CallRules(settings: settings, now: start)
        let early = machine.takeTimeout(now: start + .milliseconds(4999))
        #expect(early == nil)
        let half = machine.takeTimeout(now: start + .seconds(5))
        #expect(half == .ping)
        let once = machine.takeTimeout(now: start + .seconds(5))
        #expect(once == nil)
        machine.showedLife(isPong: true, now: start + .seconds(6))
        let alive = machine.takeTimeout(now: start + .seconds(10))
        #expect(alive == nil)
        let dead = machine.takeTimeout(now: start + .seconds(26))
        #expect(dead == .silence(isCertain: true))
    }

    @Test
    func `A message is a sign of life`() {
        let settings = SessionSettings(defaultHeartbeatInterval: .seconds(10))
        var machine = CallRules(settings: settings, now: start)
        _ = machine.received(ByteBuffer(string: "[]"), now: start + .seconds(4))
        let deadline = machine.nextDeadline(now: start + .seconds(4))
        #expect(deadline == start + .seconds(9))
        let early = machine.takeTimeout(now: start + .seconds(8))
        #expect(early == nil)
    }

    @Test
    func `The silence of one that has never answered a ping is not certain, and only after a ping had its time`() {
        let settings = SessionSettings(defaultHeartbeatInterval: .seconds(10))
        var machine = CallRules(settings: settings, now: start)
        // A pong that nobody asked for is no answer.
        machine.showedLife(isPong: true, now: start)
        var now = start
        var pings = 0
        while true {
            now = machine.nextDeadline(now: now)
            let timeout = machine.takeTimeout(now: now)
            if timeout == .ping {
                pings += 1
            } else if timeout != nil {
                #expect(timeout == .silence(isCertain: false))
                break
            }
        }
        #expect(pings == 3 && now == start + .seconds(20))
        // Its TCP has acknowledged them.
        machine.showedLife(now: now)
        let alive = machine.takeTimeout(now: now)
        #expect(alive == nil)
        let next = machine.nextDeadline(now: now)
        #expect(next == now + .seconds(5))
    }

    @Test
    func `Without a ping in the silence TCP cannot tell: one is sent, and has its time`() {
        let settings = SessionSettings(defaultHeartbeatInterval: .seconds(10), pingInterval: .seconds(60))
        var machine = CallRules(settings: settings, now: start)
        let end = machine.nextDeadline(now: start)
        #expect(end == start + .seconds(20))
        let ping = machine.takeTimeout(now: end)
        #expect(ping == .ping)
        let later = machine.nextDeadline(now: end)
        #expect(later == end + .seconds(5))
        let silence = machine.takeTimeout(now: later)
        #expect(silence == .silence(isCertain: false))
    }

    @Test
    func `The interval of an accepted BootNotification answer replaces the default`() {
        var machine = CallRules(
            settings: SessionSettings(defaultHeartbeatInterval: .seconds(10)), now: start)
        machine.learn(heartbeatSeconds: 100)
        let quiet = machine.takeTimeout(now: start + .seconds(49))
        #expect(quiet == nil)
        let ping = machine.takeTimeout(now: start + .seconds(50))
        #expect(ping == .ping)
        let due = machine.nextDeadline(now: start + .seconds(50))
        #expect(due == start + .seconds(100))
    }

    @Test(
        arguments: [("Accepted", true, false), ("Accepted", true, true), ("RebootRequired", false, false)])
    func `An accepted ChangeConfiguration of HeartbeatInterval replaces it too, late or not; any other answer does not`(
        status: String, isLearnt: Bool, isLate: Bool
    ) throws {
        var machine = CallRules(
            settings: SessionSettings(callTimeout: .seconds(1), defaultHeartbeatInterval: .seconds(10)), now: start)
        var change = call("c")
        change.heartbeatInterval = 100
        _ = machine.centralSystemSent(change, now: start)
        if isLate { _ = machine.takeTimeout(now: start + .seconds(1)) }
        let text = ByteBuffer(string: #"[3,"c",{"status":"\#(status)"}]"#)
        _ = machine.chargePointSent(try OCPPMessage.parse(frame: text, version: .v16), linkIsUp: true, now: start)
        let ping = machine.nextDeadline(now: start)
        #expect(ping == start + .seconds(isLearnt ? 50 : 5))
    }

    @Test(
        arguments: [(1e300, 1000), (31_536_000, 1000), (1, Int.max), (1e300, Int.max), (.nan, 0), (-1, 0)])
    func `No interval and no back-off makes time overflow`(seconds: Double, backoff: Int) {
        var machine = CallRules(
            settings: SessionSettings(heartbeatBackoff: backoff, pingInterval: .nanoseconds(.max)), now: start)
        machine.learn(heartbeatSeconds: seconds)
        let now = start + .hours(24)
        let due = machine.nextDeadline(now: now)
        #expect(due > now)
        _ = machine.takeTimeout(now: now)
    }

    @Test
    func `While reading is paused silence proves nothing`() {
        var machine = CallRules(
            settings: SessionSettings(defaultHeartbeatInterval: .seconds(10)), now: start)
        machine.pause(for: .openCalls, holding: ByteBuffer(string: "x"))
        let paused = machine.takeTimeout(now: start + .seconds(60))
        #expect(paused == nil || paused == .ping)
        let text = machine.nextHeld(now: start + .seconds(60))
        let end = machine.nextHeld(now: start + .seconds(60))
        #expect(text == .read(ByteBuffer(string: "x")) && end == .resumeReading)
        let resumed = machine.takeTimeout(now: start + .seconds(61))
        #expect(resumed == nil)
    }

    @Test
    func `Messages over the rate wait for the next token`() {
        var machine = CallRules(settings: SessionSettings(maxMessagesPerSecond: 2), now: start)
        let texts = (1...4).map { ByteBuffer(string: "\($0)") }
        for (text, expected) in zip(texts, [.read, .read, .pauseReading, .hold] as [CallRules.Reception]) {
            let reception = machine.received(text, now: start)
            #expect(reception == expected)
        }
        let early = machine.nextHeld(now: start)
        #expect(early == .wait)
        let due = machine.nextDeadline(now: start)
        #expect(due <= start + .milliseconds(502) && due > start + .milliseconds(499))
        let third = machine.nextHeld(now: due)
        let fourth = machine.nextHeld(now: due)
        #expect(third == .read(texts[2]) && fourth == .wait, "one token, one message")
        let last = machine.nextHeld(now: due + .seconds(1))
        let nothing = machine.nextHeld(now: due + .seconds(1))
        let again = machine.nextHeld(now: due + .seconds(1))
        #expect(last == .read(texts[3]) && nothing == .resumeReading && again == .nothing)
    }
}

extension CallRulesTests {
    @Test
    func `What is held for open CALLs has been counted against the rate already, and those behind it have not`() {
        let memory = MemoryBudget(limit: 1 << 20)
        var machine = CallRules(
            settings: SessionSettings(maxOpenCalls: 1, maxMessagesPerSecond: 1), memory: memory, now: start)
        let texts = (1...3).map { ByteBuffer(string: "\($0)") }
        let first = machine.received(texts[0], now: start)
        let isFirstHold = machine.pause(for: .openCalls, holding: texts[0])
        let second = machine.received(texts[1], now: start)
        #expect(first == .read && isFirstHold && second == .hold && memory.used == 2)
        let next = machine.nextHeld(now: start)
        let again = machine.pause(for: .openCalls, holding: texts[0])
        #expect(next == .read(texts[0]) && !again, "it still cannot pass, and goes to the front again")
        let repeated = machine.nextHeld(now: start)
        let behind = machine.nextHeld(now: start)
        #expect(repeated == .read(texts[0]) && behind == .wait)
        let remains = machine.end()
        #expect(remains.unread == 1 && memory.used == 0)
    }

    @Test
    func `Settings that change hold for what comes; what waits stays, and so does an interval that has been learnt`() {
        var machine = CallRules(settings: SessionSettings(maxQueuedCalls: 2), now: start)
        for id in ["a", "b", "c"] as [UniqueID] { _ = machine.centralSystemSent(call(id), now: start) }
        let changed = SessionSettings(maxQueuedCalls: 1, defaultHeartbeatInterval: .seconds(7), maxBadMessages: 1)
        machine.apply(SessionRuleSet(settings: changed))
        guard
            case .refuse(.queueFull, "1 CALLs wait for this charge point already") =
                machine.centralSystemSent(call("d"), now: start)
        else {
            Issue.record("not refused")
            return
        }
        let (queued, interval) = (machine.queuedCallCount, machine.heartbeatInterval)
        #expect(queued == 2 && interval == .seconds(7))
        machine.learn(heartbeatSeconds: 300)
        machine.apply(SessionRuleSet(settings: SessionSettings()))
        let learnt = machine.heartbeatInterval
        #expect(learnt == .seconds(300))
    }

    @Test
    func `What is kept of CALLs to the charge point goes with the last of them, and not before`() {
        var machine = CallRules(settings: SessionSettings(callTimeout: .seconds(1)), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        let timeout = machine.takeTimeout(now: start + .seconds(1))
        guard case .call = timeout else {
            Issue.record("not given up")
            return
        }
        // A late answer is still known after all that was due.
        _ = machine.takeTimeout(now: start + .seconds(2))
        let late = machine.chargePointSent(result("a"), linkIsUp: true, now: start + .seconds(2))
        #expect(late == .relayAnswer(sentAt: nil))
        _ = machine.takeTimeout(now: start + .seconds(3))
        let twice = machine.chargePointSent(result("a"), linkIsUp: true, now: start + .seconds(3))
        let next = machine.centralSystemSent(call("a"), now: start + .seconds(3))
        #expect(twice == .dropUnmatchedAnswer && next == .send)
    }

    @Test
    func `The answer to an operator's CALL is the operator's alone, in time or late`() {
        var machine = CallRules(settings: SessionSettings(callTimeout: .seconds(1)), now: start)
        for id in ["a", "b"] as [UniqueID] {
            var call = call(id)
            call.isOperators = true
            _ = machine.centralSystemSent(call, now: start)
        }
        let inTime = machine.chargePointSent(result("a"), linkIsUp: true, now: start)
        #expect(inTime == .answerOperator(sentAt: start))
        _ = machine.nextCall(now: start)
        _ = machine.takeTimeout(now: start + .seconds(1))
        let late = machine.chargePointSent(result("b"), linkIsUp: true, now: start + .seconds(1))
        #expect(late == .answerOperator(sentAt: nil))
    }
}

extension CallRules {
    init(settings: SessionSettings, now: NIODeadline) {
        self.init(settings: settings, memory: MemoryBudget(limit: .max), now: now)
    }

    init(settings: SessionSettings, memory: MemoryBudget, now: NIODeadline) {
        self.init(SessionRuleSet(settings: settings), memory: memory, now: now)
    }
}
