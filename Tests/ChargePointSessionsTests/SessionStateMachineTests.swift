import NIOCore
import OCPPJ
import OutsideNames
import Testing

@testable import ChargePointSessions

@Suite("The rules of a session")
struct SessionStateMachineTests {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func call(_ id: UniqueID, expires: NIODeadline? = nil) -> DownstreamQueue.Call {
        DownstreamQueue.Call(uniqueID: id, action: "Reset", frame: ByteBuffer(), expires: expires)
    }

    private let heartbeat = OCPPMessage.Body.call(action: "Heartbeat", payload: nil)
    private let result = OCPPMessage.Body.callResult(payload: nil)

    @Test("A CALL is relayed with the deadline of its answer")
    func relaysCalls() {
        var machine = SessionStateMachine(settings: SessionSettings(answerTimeout: .seconds(7)), now: start)
        let action = machine.chargePointSent(uniqueID: "1", heartbeat, linkIsUp: true, now: start)
        #expect(action == .relayCall(deadline: start + .seconds(7)))
        let action2 = machine.centralSystemAnswered("1")
        #expect(action2 == "Heartbeat")
        let again = machine.centralSystemAnswered("1")
        #expect(again == nil, "an answer is delivered once")
    }

    @Test("A CALL with a UniqueId that is open already gets ProtocolError, and the first stays open")
    func refusesOpenUniqueIDs() {
        var machine = SessionStateMachine(settings: SessionSettings(), now: start)
        _ = machine.chargePointSent(uniqueID: "1", heartbeat, linkIsUp: true, now: start)
        guard
            case .refuseCall(.protocolError, _) = machine.chargePointSent(
                uniqueID: "1", heartbeat, linkIsUp: true, now: start)
        else {
            Issue.record("not refused")
            return
        }
        let first = machine.centralSystemAnswered("1")
        #expect(first == "Heartbeat")
    }

    @Test("Beyond max_open_calls a CALL is held until one is answered")
    func holdsBeyondTheLimit() {
        var machine = SessionStateMachine(settings: SessionSettings(maxOpenCalls: 2), now: start)
        for id in ["1", "2"] as [UniqueID] {
            _ = machine.chargePointSent(uniqueID: id, heartbeat, linkIsUp: true, now: start)
        }
        let third = machine.chargePointSent(uniqueID: "3", heartbeat, linkIsUp: true, now: start)
        #expect(third == .hold)
        _ = machine.centralSystemAnswered("1")
        guard case .relayCall = machine.chargePointSent(uniqueID: "3", heartbeat, linkIsUp: true, now: start) else {
            Issue.record("still held")
            return
        }
    }

    @Test("A CALL that is 30 s old holds its charge point up no longer, although it is still open")
    func releasesOldCalls() {
        var machine = SessionStateMachine(
            settings: SessionSettings(maxOpenCalls: 1, answerTimeout: nil), now: start)
        _ = machine.chargePointSent(uniqueID: "1", heartbeat, linkIsUp: true, now: start)
        let early = machine.chargePointSent(uniqueID: "2", heartbeat, linkIsUp: true, now: start + .seconds(29))
        #expect(early == .hold)
        let due = machine.nextDeadline(hold: .openCalls, now: start + .seconds(29))
        #expect(due == start + .seconds(30))
        let late = machine.chargePointSent(uniqueID: "2", heartbeat, linkIsUp: true, now: start + .seconds(30))
        #expect(late == .relayCall(deadline: nil))
        let first = machine.centralSystemAnswered("1")
        #expect(first == "Heartbeat")
    }

    @Test("With the broker away the CALL over the limit is refused at once")
    func refusesWithoutBroker() {
        var machine = SessionStateMachine(settings: SessionSettings(maxOpenCalls: 1), now: start)
        _ = machine.chargePointSent(uniqueID: "1", heartbeat, linkIsUp: false, now: start)
        guard
            case .refuseCall(.internalError, _) = machine.chargePointSent(
                uniqueID: "2", heartbeat, linkIsUp: false, now: start)
        else {
            Issue.record("not refused")
            return
        }
    }

    @Test("A CALL without an answer is given up after the answer time-out, once")
    func timesAnswersOut() {
        var machine = SessionStateMachine(settings: SessionSettings(answerTimeout: .seconds(5)), now: start)
        _ = machine.chargePointSent(uniqueID: "1", heartbeat, linkIsUp: true, now: start)
        let early = machine.takeTimeout(hold: nil, now: start + .seconds(4))
        #expect(early == nil)
        guard case .answer(let call) = machine.takeTimeout(hold: nil, now: start + .seconds(5)) else {
            Issue.record("no time-out")
            return
        }
        #expect(call.uniqueID == "1")
        let again = machine.takeTimeout(hold: nil, now: start + .seconds(5))
        #expect(again == nil)
        let answered = machine.centralSystemAnswered("1")
        #expect(answered == nil, "the backend's late answer is unsolicited")
    }

    @Test("One CALL towards the charge point is unanswered at a time; the others follow in order")
    func sendsOneCallAtATime() {
        var machine = SessionStateMachine(settings: SessionSettings(), now: start)
        let first = machine.centralSystemSent(call("a"), now: start)
        let second = machine.centralSystemSent(call("b"), now: start)
        let third = machine.centralSystemSent(call("c"), now: start)
        #expect([first, second, third] == [.send, .wait, .wait])
        let tooEarly = machine.nextCall(now: start)
        #expect(tooEarly == nil)
        let answer = machine.chargePointSent(uniqueID: "a", result, linkIsUp: true, now: start)
        #expect(answer == .relayAnswer(isLate: false))
        let next = machine.nextCall(now: start)
        #expect(next?.uniqueID == "b")
        let after = machine.nextCall(now: start)
        #expect(after == nil)
    }

    @Test("The queue refuses the CALL over max_mqueue_len, and one that it already has")
    func boundsTheQueue() {
        var machine = SessionStateMachine(settings: SessionSettings(maxQueuedCalls: 1), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        _ = machine.centralSystemSent(call("b"), now: start)
        let inFlight = machine.centralSystemSent(call("a"), now: start)
        let queued = machine.centralSystemSent(call("b"), now: start)
        #expect(inFlight == .dropDuplicate)
        #expect(queued == .dropDuplicate)
        guard case .refuse("queue_full", _) = machine.centralSystemSent(call("c"), now: start) else {
            Issue.record("not refused")
            return
        }
    }

    @Test("An unanswered CALL is given up, the next goes out, and a late answer is still relayed")
    func timesCallsOut() {
        var machine = SessionStateMachine(settings: SessionSettings(callTimeout: .seconds(3)), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        _ = machine.centralSystemSent(call("b"), now: start)
        guard case .call(let given) = machine.takeTimeout(hold: nil, now: start + .seconds(3)) else {
            Issue.record("no time-out")
            return
        }
        #expect(given.uniqueID == "a")
        let next = machine.nextCall(now: start + .seconds(3))
        #expect(next?.uniqueID == "b")
        let late = machine.chargePointSent(uniqueID: "a", result, linkIsUp: true, now: start + .seconds(4))
        #expect(late == .relayAnswer(isLate: true))
        let twice = machine.chargePointSent(uniqueID: "a", result, linkIsUp: true, now: start + .seconds(4))
        #expect(twice == .dropUnmatchedAnswer)
    }

    @Test("A CALL whose MQTT expiry passes in the queue is taken out when it passes")
    func expiresQueuedCalls() {
        var machine = SessionStateMachine(settings: SessionSettings(), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        _ = machine.centralSystemSent(call("b", expires: start + .seconds(2)), now: start)
        let due = machine.nextDeadline(hold: nil, now: start)
        #expect(due == start + .seconds(2))
        guard case .expiry(let expired) = machine.takeTimeout(hold: nil, now: start + .seconds(2)) else {
            Issue.record("not expired")
            return
        }
        #expect(expired.uniqueID == "b")
        guard
            case .refuse("expired", _) = machine.centralSystemSent(
                call("c", expires: start), now: start + .seconds(2))
        else {
            Issue.record("an expired CALL was taken")
            return
        }
    }

    @Test("At the end everything that was not answered is handed back in order")
    func handsBackAtTheEnd() {
        var machine = SessionStateMachine(settings: SessionSettings(), now: start)
        for id in ["a", "b", "c"] as [UniqueID] { _ = machine.centralSystemSent(call(id), now: start) }
        let open = machine.end().map(\.uniqueID)
        #expect(open == ["a", "b", "c"])
        let nothing = machine.end()
        #expect(nothing.isEmpty)
    }

    @Test("A malformed message is answered; a malformed answer is reported if its CALL is open")
    func judgesBadMessages() {
        var machine = SessionStateMachine(settings: SessionSettings(), now: start)
        _ = machine.centralSystemSent(call("a"), now: start)
        let bad = machine.chargePointSentBad(.malformed(type: nil, uniqueID: nil, reason: "r"), version: .v16)
        #expect(bad == .answer(uniqueID: nil, .malformedMessage, "r"))
        let unknown = machine.chargePointSentBad(
            .malformed(type: .callResult, uniqueID: "x", reason: "r"), version: .v16)
        #expect(unknown == .ignore("r"))
        let open = machine.chargePointSentBad(.malformed(type: .callResult, uniqueID: "a", reason: "r"), version: .v16)
        #expect(open == .report(uniqueID: "a", "r"))
        let type = machine.chargePointSentBad(.unknownMessageType(number: "9", uniqueID: "a"), version: .v16)
        guard case .ignore = type else {
            Issue.record("OCPP 1.6 does not answer an unknown message type")
            return
        }
    }

    @Test("More bad messages in a row than allowed are too many; a good one starts the count again")
    func countsBadMessages() {
        var machine = SessionStateMachine(settings: SessionSettings(maxBadMessages: 2), now: start)
        let bad = OCPPMessageProblem.malformed(type: nil, uniqueID: nil, reason: "r")
        for _ in 0..<2 { _ = machine.chargePointSentBad(bad, version: .v16) }
        let tooMany1 = machine.hasTooManyBadMessages
        #expect(!tooMany1)
        _ = machine.chargePointSent(uniqueID: "1", heartbeat, linkIsUp: true, now: start)
        for _ in 0..<2 { _ = machine.chargePointSentBad(bad, version: .v16) }
        let tooMany2 = machine.hasTooManyBadMessages
        #expect(!tooMany2)
        _ = machine.chargePointSentBad(bad, version: .v16)
        let tooMany3 = machine.hasTooManyBadMessages
        #expect(tooMany3)
    }

    @Test("Silence calls for a ping after half the interval, and for the end after twice the interval")
    func watchesSilence() {
        let settings = SessionSettings(defaultHeartbeatInterval: .seconds(10))
        var machine = SessionStateMachine(settings: settings, now: start)
        let early = machine.takeTimeout(hold: nil, now: start + .milliseconds(4999))
        #expect(early == nil)
        let half = machine.takeTimeout(hold: nil, now: start + .seconds(5))
        #expect(half == .ping)
        let once = machine.takeTimeout(hold: nil, now: start + .seconds(5))
        #expect(once == nil)
        machine.showedLife(now: start + .seconds(6))
        let alive = machine.takeTimeout(hold: nil, now: start + .seconds(10))
        #expect(alive == nil)
        let dead = machine.takeTimeout(hold: nil, now: start + .seconds(26))
        #expect(dead == .silence)
    }

    @Test("The interval of an accepted BootNotification answer replaces the default")
    func learnsTheInterval() {
        var machine = SessionStateMachine(
            settings: SessionSettings(defaultHeartbeatInterval: .seconds(10)), now: start)
        machine.learn(heartbeatInterval: .seconds(100))
        let quiet = machine.takeTimeout(hold: nil, now: start + .seconds(49))
        #expect(quiet == nil)
        let ping = machine.takeTimeout(hold: nil, now: start + .seconds(50))
        #expect(ping == .ping)
        let dead = machine.takeTimeout(hold: nil, now: start + .seconds(200))
        #expect(dead == .silence)
    }

    @Test("While reading is paused silence proves nothing")
    func pausedReadingIsNoSilence() {
        var machine = SessionStateMachine(
            settings: SessionSettings(defaultHeartbeatInterval: .seconds(10)), now: start)
        let paused = machine.takeTimeout(hold: .openCalls, now: start + .seconds(60))
        #expect(paused == nil || paused == .ping)
        let resumed = machine.takeTimeout(hold: nil, now: start + .seconds(61))
        #expect(resumed == nil)
    }

    @Test("Messages over the rate wait for the next token")
    func limitsTheRate() {
        var machine = SessionStateMachine(settings: SessionSettings(maxMessagesPerSecond: 2), now: start)
        let first = machine.mayReceive(now: start)
        let second = machine.mayReceive(now: start)
        let third = machine.mayReceive(now: start)
        #expect(first && second && !third)
        let due = machine.nextDeadline(hold: .rate, now: start)
        #expect(due <= start + .milliseconds(502) && due > start + .milliseconds(499))
        let later = machine.mayReceive(now: due)
        #expect(later)
    }
}
