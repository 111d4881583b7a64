import MemoryBudget
import NIOCore
import OutsideNames
import Testing

@testable import ChargePointSessions
@testable import OCPPJ

@Suite("The rules of a session: SENDs and CALLRESULTERRORs (OCPP 2.1)")
struct UnansweredMessageRulesTests {
    let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func message(_ id: UniqueID, _ body: OCPPMessage.Body, text: String = "x") -> OCPPMessage {
        OCPPMessage(uniqueID: id, uniqueIDToken: 0..<0, body: body, text: ByteBuffer(string: text))
    }

    private func send(_ id: UniqueID, text: String = "x") -> OCPPMessage {
        message(id, .send(action: "NotifyPeriodicEventStream", payload: nil), text: text)
    }

    private func heartbeat(_ id: UniqueID) -> OCPPMessage {
        message(id, .call(action: "Heartbeat", payload: nil), text: "\(id)")
    }

    private func newMachine(openCalls: Int = 1, badMessages: Int = 0) -> CallRules {
        CallRules(settings: SessionSettings(maxOpenCalls: openCalls, maxBadMessages: badMessages), now: start)
    }

    @Test
    func `A SEND passes open CALLs, opens none, and may come twice with one UniqueId`() {
        var machine = newMachine()
        let call = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        #expect(call == .relayCall(deadline: start + .seconds(25)))
        for _ in 0..<3 {
            let action = machine.chargePointSent(send("1"), linkIsUp: true, now: start)
            #expect(action == .relaySend)
        }
        let open = machine.openCallCount
        let waiting = machine.takeWaitingCall(linkIsUp: true, now: start)
        #expect(open == 1 && waiting == nil)
        let answered = machine.centralSystemAnswered("1")?.action
        let again = machine.centralSystemAnswered("1")?.action
        #expect(answered == "Heartbeat" && again == nil)
    }

    @Test
    func `Where CALLs wait a SEND waits behind them, and goes out as soon as those before it have`() {
        var machine = newMachine()
        _ = machine.chargePointSent(heartbeat("1"), linkIsUp: true, now: start)
        let waiting = [heartbeat("2"), send("s"), send("t"), heartbeat("3")]
        for message in waiting {
            let action = machine.chargePointSent(message, linkIsUp: true, now: start)
            #expect(action == .wait)
        }
        let early = machine.takeWaitingCall(linkIsUp: true, now: start)
        #expect(early == nil)
        _ = machine.centralSystemAnswered("1")
        var order: [UniqueID] = []
        while let (message, action) = machine.takeWaitingCall(linkIsUp: true, now: start) {
            order.append(message.uniqueID)
            #expect(action == (message.type == .send ? .relaySend : .relayCall(deadline: start + .seconds(25))))
        }
        #expect(order == ["2", "s", "t"], "the SENDs need no place, the CALL behind them does")
        _ = machine.centralSystemAnswered("2")
        let last = machine.takeWaitingCall(linkIsUp: true, now: start)
        #expect(last?.0.uniqueID == "3")
    }

    @Test
    func `SENDs that wait are bounded as CALLs are, and are given back at the end`() {
        let memory = MemoryBudget(limit: 1 << 30)
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), memory: memory, now: start)
        for id in ["1", "2"] as [UniqueID] { _ = machine.chargePointSent(heartbeat(id), linkIsUp: true, now: start) }
        let long = String(repeating: "x", count: 100 << 10)
        for expected in [.wait, .wait, .hold] as [CallRules.UpstreamAction] {
            let action = machine.chargePointSent(send("s", text: long), linkIsUp: true, now: start)
            #expect(action == expected)
        }
        #expect(memory.used == 1 + 2 * (100 << 10))
        _ = machine.end()
        #expect(memory.used == 0)
        let small = MemoryBudget(limit: 400)
        machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), memory: small, now: start)
        for id in ["1", "2"] as [UniqueID] { _ = machine.chargePointSent(heartbeat(id), linkIsUp: true, now: start) }
        let tooMuch = machine.chargePointSent(send("s", text: String(long.prefix(300))), linkIsUp: true, now: start)
        #expect(tooMuch == .dropSend("the gateway has no memory for more messages"))
    }

    @Test
    func `At the end the SENDs that wait are handed out, in order, and their memory is given back`() {
        let memory = MemoryBudget(limit: 1 << 30)
        var machine = CallRules(settings: SessionSettings(maxOpenCalls: 1), memory: memory, now: start)
        for message in [heartbeat("1"), heartbeat("2"), send("s"), heartbeat("3"), send("t")] {
            _ = machine.chargePointSent(message, linkIsUp: true, now: start)
        }
        let remains = machine.end()
        #expect(remains.sends.map(\.uniqueID) == ["s", "t"] && remains.waitingCalls == 2)
        #expect(memory.used == 0)
    }

    @Test
    func `With the link down SENDs and CALLs share the places; the link's return frees those of the SENDs`() {
        var machine = newMachine(openCalls: 3)
        for action in [
            machine.chargePointSent(send("a"), linkIsUp: false, now: start),
            machine.chargePointSent(send("b"), linkIsUp: false, now: start),
        ] { #expect(action == .relaySend) }
        let call = machine.chargePointSent(heartbeat("1"), linkIsUp: false, now: start)
        #expect(call == .relayCall(deadline: start + .seconds(25)))
        let full = machine.chargePointSent(send("c"), linkIsUp: false, now: start)
        #expect(full == .dropSend("the broker cannot be reached"))
        guard case .refuseForBroker = machine.chargePointSent(heartbeat("2"), linkIsUp: false, now: start)
        else {
            Issue.record("not refused")
            return
        }
        let back = machine.chargePointSent(heartbeat("2"), linkIsUp: true, now: start)
        #expect(back == .relayCall(deadline: start + .seconds(25)))
        let downAgain = machine.chargePointSent(send("d"), linkIsUp: false, now: start)
        #expect(downAgain == .relaySend, "two CALLs and one SEND")
        let fullAgain = machine.chargePointSent(send("e"), linkIsUp: false, now: start)
        #expect(fullAgain == .dropSend("the broker cannot be reached"))
    }

    @Test
    func `The link's return frees the places of SENDs though the charge point says nothing meanwhile`() {
        var machine = newMachine(openCalls: 2)
        for outage in 1...3 {
            for id in ["a", "b"] {
                let kept = machine.chargePointSent(send("\(id)\(outage)"), linkIsUp: false, now: start)
                #expect(kept == .relaySend)
            }
            // Whoever looks after what is held, with the link up, frees the places.
            let isHeld = machine.holdsMessages
            let waiting = machine.takeWaitingCall(linkIsUp: true, now: start)
            let isHeldStill = machine.holdsMessages
            #expect(isHeld && waiting == nil && !isHeldStill)
        }
    }

    @Test
    func `SENDs that wait for CALLs when the link goes are kept as far as there are places`() {
        var machine = newMachine()
        for message in [heartbeat("1"), heartbeat("2"), send("s")] {
            _ = machine.chargePointSent(message, linkIsUp: true, now: start)
        }
        let call = machine.takeWaitingCall(linkIsUp: false, now: start)
        #expect(call?.1 == .refuseForBroker("the broker cannot be reached"))
        let send = machine.takeWaitingCall(linkIsUp: false, now: start)
        #expect(send?.1 == .dropSend("the broker cannot be reached"), "the open CALL has the one place")
        let nothing = machine.takeWaitingCall(linkIsUp: false, now: start)
        #expect(nothing == nil)
    }

    @Test
    func `A CALLRESULTERROR is relayed whatever is open, touches no CALL, and is no bad message`() {
        var machine = newMachine(badMessages: 1)
        _ = machine.centralSystemSent(
            DownstreamQueue.Call(uniqueID: "d", action: "Reset", frame: ByteBuffer(), expires: nil), now: start)
        let body = OCPPMessage.Body.callResultError(code: 0..<0, description: nil, details: nil)
        for id in ["d", "none", "d"] as [UniqueID] {
            for linkIsUp in [true, false] {
                let action = machine.chargePointSent(message(id, body), linkIsUp: linkIsUp, now: start)
                #expect(action == .relayResultError)
            }
        }
        let isTooBad = machine.hasTooManyBadMessages
        #expect(!isTooBad)
        let answer = machine.chargePointSent(message("d", .callResult(payload: nil)), linkIsUp: true, now: start)
        #expect(answer == .relayAnswer(sentAt: start), "the CALL was open still")
    }

    @Test
    func `A malformed or invalid 5 or 6 has no answer and closes no CALL; an invalid 3 closes its own`() {
        var machine = newMachine()
        _ = machine.centralSystemSent(
            DownstreamQueue.Call(uniqueID: "d", action: "Reset", frame: ByteBuffer(), expires: nil), now: start)
        for type in [MessageType.send, .callResultError] {
            let bad = machine.chargePointSentBad(.malformed(type: type, uniqueID: "d", reason: "why"))
            #expect(bad == .drop(uniqueID: "d", "why"))
            let invalid = machine.chargePointSentInvalid(uniqueID: "d", type: type)
            #expect(invalid == .ignore)
        }
        let result = machine.chargePointSentInvalid(uniqueID: "d", type: .callResult)
        #expect(
            result
                == .report(DownstreamQueue.Call(uniqueID: "d", action: "Reset", frame: ByteBuffer(), expires: nil)))
        let again = machine.chargePointSentInvalid(uniqueID: "d", type: .callResult)
        #expect(again == .ignore)
    }

    @Test
    func `MessageTypeNotSupported to nobody's message is no bad message; every other answer to nobody is`() {
        var machine = newMachine(badMessages: 1)
        let text = #"[4,"-1","MessageTypeNotSupported","",{}]"#
        let known = message("-1", .callError(code: 8..<33, description: nil, details: nil), text: text)
        for _ in 0..<5 {
            let action = machine.chargePointSent(known, linkIsUp: true, now: start)
            #expect(action == .dropUnmatchedAnswer)
        }
        var isTooBad = machine.hasTooManyBadMessages
        #expect(!isTooBad)
        for _ in 0..<2 {
            _ = machine.chargePointSent(message("x", known.body, text: text), linkIsUp: true, now: start)
        }
        isTooBad = machine.hasTooManyBadMessages
        #expect(isTooBad)
    }
}
