import MemoryBudget
import NIOCore
import OCPPJ
import OutsideNames
import Synchronization
import Testing

@testable import ChargePointSessions

/// management.md, "Clients" and "Events and traces", as far as they are a session's.
@Suite("What operators see of a session and do to it")
struct OperationsTests {
    private func frame(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func answer(_ id: String) -> DownstreamMessage {
        let text = #"{"MessageTypeId":3,"UniqueId":"\#(id)","Payload":{}}"#
        return DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: nil)
    }

    private func command(_ id: String) -> DownstreamMessage {
        let text = #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"ClearCache","Payload":{}}"#
        return DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: nil)
    }

    private func open(_ ends: Ends) async throws -> ChargePointSession {
        let session = try await ends.connect()
        try await ends.on(session) { $0.subscriptionAcknowledged() }
        return session
    }

    // MARK: Who is here

    @Test
    func `The registry has another number whenever a charge point has come, gone or come again, and only then`()
        async throws
    {
        try await withEnds { ends in
            let none = try #require(ends.registry.all(changedSince: nil))
            #expect(none.sessions.isEmpty && ends.registry.all(changedSince: none.revision) == nil)
            let first = try await open(ends)
            let one = try #require(ends.registry.all(changedSince: none.revision))
            #expect(one.sessions.map(\.sessionID) == [first.sessionID])
            #expect(ends.registry.all(changedSince: one.revision) == nil)
            let second = try await ends.connect()
            try await ends.turn()
            let again = try #require(ends.registry.all(changedSince: one.revision))
            #expect(again.sessions.map(\.sessionID) == [second.sessionID])
            try await ends.on(second) { $0.end(.kicked) }
            let after = try #require(ends.registry.all(changedSince: again.revision))
            #expect(after.sessions.isEmpty)
        }
    }

    // MARK: The end

    @Test
    func `A kicked session is closed with 1008, and its presence says so`() async throws {
        try await withEnds(presence: "presence/${cid}") { ends in
            let session = try await open(ends)
            try await ends.on(session) { $0.end(.kicked) }
            #expect(ends.closes(0) == ["1008 kicked by an operator"])
            #expect(ends.published.last?.text.contains(#""reason":"kicked""#) == true)
            #expect(ends.registry.count == 0)
            #expect(ends.counters.sessionsClosed(.kicked) == 1)
        }
    }

    @Test
    func `A session ends with 1008 when its credentials expire, by the connection's timer`() async throws {
        try await withEnds { ends in
            let expiry = WallClock.milliseconds() / 1000 + 30
            let session = try await ends.connect(credentialsExpire: expiry)
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            let due = ends.all[0].timer.withLock { $0 }
            #expect(due <= ends.clock.now + .seconds(30), "the timer is armed for it, or for something before it")
            ends.clock.advance(.seconds(28))
            try await ends.on(session) { $0.timerFired() }
            #expect(ends.closes(0).isEmpty)
            ends.clock.advance(.seconds(2))
            try await ends.on(session) { $0.timerFired() }
            #expect(ends.closes(0) == ["1008 credentials expired"])
        }
    }

    @Test(arguments: [Int64.min, -1, 0, Int64.max])
    func `An expiry may be any number`(expiry: Int64) async throws {
        try await withEnds { ends in
            let session = try await ends.connect(credentialsExpire: expiry)
            try await ends.on(session) { $0.timerFired() }
            #expect(ends.closes(0).isEmpty == (expiry == .max))
        }
    }

    // MARK: Settings

    @Test
    func `A rate that is lifted lets a session that has paused go on, and the next session has none`() async throws {
        try await withEnds(settings: SessionSettings(maxMessagesPerSecond: 1)) { ends in
            let session = try await open(ends)
            try await ends.on(session) { [self] session in
                for id in 1...3 { session.received(text: frame(#"[2,"\#(id)","Heartbeat",{}]"#)) }
            }
            #expect(ends.published.count == 1 && ends.pauses(0) == [true])
            await session.context.apply(SessionRuleSet(settings: SessionSettings()))
            try await ends.turn()
            #expect(ends.published.count == 3 && ends.pauses(0) == [true, false])
            // One that was made before and begins now.
            let late = try await ends.loop.submit { ends.makeSession(identity: "CP2") }.get()
            await late.context.apply(SessionRuleSet(settings: SessionSettings(defaultHeartbeatInterval: .seconds(9))))
            try await ends.on(late) { $0.start() }
            #expect(try await ends.get(late) { $0.snapshot.keepAlive } == 9)
        }
    }

    // MARK: Snapshots

    @Test
    func `A snapshot says what the session has moved, what waits, and what the charge point says that it is`()
        async throws
    {
        try await withEnds { ends in
            let session = try await open(ends)
            let boot =
                #"[2,"b","BootNotification",{"chargePointVendor":"V","chargePointModel":"M\u00fc","firmwareVersion":"1.2"}]"#
            try await ends.on(session) { [self] session in
                session.received(text: frame(boot))
                session.received(text: frame(#"[2,"1","Heartbeat",{}]"#))
                session.received(answer("1"))
                session.received(text: frame("nonsense"))
                for id in ["c", "d", "e"] { session.received(command(id)) }
            }
            ends.clock.advance(.seconds(5))
            let before = WallClock.milliseconds()
            let snapshot = try await ends.get(session) { $0.snapshot }
            let after = WallClock.milliseconds()
            #expect(snapshot.boot?.vendor == "V" && snapshot.boot?.model == "Mü" && snapshot.boot?.firmware == "1.2")
            #expect(snapshot.traffic.receivedMessages == 3 && snapshot.traffic.sentMessages == 3)
            #expect(snapshot.traffic.receivedBytes == boot.utf8.count + 22 + 8)
            #expect(snapshot.traffic.callsUp == 2 && snapshot.traffic.callsDown == 1)
            #expect(snapshot.openCallsUp == 1 && snapshot.hasUnansweredCall && snapshot.queuedCalls == 2)
            #expect(snapshot.traffic.badMessages == 1 && snapshot.lastBadMessage?.code == "FormationViolation")
            #expect(snapshot.keepAlive == 60 && snapshot.isOpen)
            #expect(((before - 5000)...(after - 5000)).contains(snapshot.connectedAt))
        }
    }

    @Test
    func `What a charge point says that it is takes 200 bytes at most, and is cut between characters`() throws {
        let long = String(repeating: "ü", count: 100)
        let text =
            #"[2,"b","BootNotification",{"chargingStation":{"vendorName":"\#(long)","model":"\#(long)"#
            + #"","firmwareVersion":"\#(long)"},"reason":"PowerUp"}]"#
        let boot = try #require(BootIdentity(try OCPPMessage.parse(frame: frame(text), version: .v201)))
        #expect(boot.vendor == String(repeating: "ü", count: 32))
        #expect(boot.model.utf8.count + boot.vendor.utf8.count + boot.firmware.utf8.count <= 197)
        let other = #"[2,"b","Heartbeat",{"chargePointVendor":"V"}]"#
        #expect(BootIdentity(try OCPPMessage.parse(frame: frame(other), version: .v16)) == nil)
        let wrong = #"[2,"b","BootNotification",{"chargePointVendor":7,"chargePointModel":{},"chargingStation":[]}]"#
        #expect(BootIdentity(try OCPPMessage.parse(frame: frame(wrong), version: .v16))?.vendor == "")
    }

    @Test
    func `Snapshots of all sessions are gathered on their event loops`() async throws {
        try await withEnds { ends in
            for number in 0..<500 {
                _ = try await ends.connect(identity: ChargePointIdentity("CP\(number)"))
            }
            let all = await ends.registry.snapshots()
            #expect(Set(all.map(\.chargePoint.identity)).count == 500)
            let some = await ends.registry.snapshots { $0.chargePoint.identity == "CP7" }
            #expect(some.map(\.downstreamTopic) == ["ocpp/cs/CP7"])
        }
    }

    // MARK: CALLs

    /// What operators have heard, in order.
    private final class Answers: Sendable {
        private let list = Mutex<[OperatorCallOutcome]>([])
        var all: [OperatorCallOutcome] { list.withLock { $0 } }
        @Sendable func note(_ outcome: OperatorCallOutcome) { list.withLock { $0.append(outcome) } }
    }

    private func call(
        _ ends: Ends, _ session: ChargePointSession, _ answers: Answers, action: String = "Reset",
        payload: String = #"{"type":"Soft"}"#, timeout: TimeAmount = .seconds(10)
    ) async throws -> UniqueID {
        let id = OperatorCall.newUniqueID()
        let request = OperatorCall(action: action, payload: ByteBuffer(string: payload), timeout: timeout)
        try await ends.on(session) { $0.call(request, id, answer: answers.note) }
        return id
    }

    @Test
    func `An operator's CALL waits in the queue like every CALL, and its answer is the operator's alone`()
        async throws
    {
        try await withEnds { ends in
            let session = try await open(ends)
            let answers = Answers()
            try await ends.on(session) { [self] in $0.received(command("first")) }
            let id = try await call(ends, session, answers)
            #expect(id.text.hasPrefix("gw-") && id.utf8.count <= MessageLimits.longestUniqueID)
            #expect(ends.sent(0).count == 1, "one CALL at a time")
            try await ends.on(session) { [self] in $0.received(text: frame(#"[3,"first",{}]"#)) }
            #expect(ends.sent(0).last == #"[2,"\#(id)","Reset",{"type":"Soft"}]"#)
            let before = ends.published.count
            try await ends.on(session) { [self] in $0.received(text: frame(#"[3,"\#(id)",{"status":"Accepted"}]"#)) }
            #expect(answers.all == [.result(ByteBuffer(string: #"{"status":"Accepted"}"#))])
            #expect(ends.published.count == before)
        }
    }

    @Test
    func `A CALLERROR, and an answer that cannot be read, are the operator's too`() async throws {
        try await withEnds { ends in
            let session = try await open(ends)
            let answers = Answers()
            let first = try await call(ends, session, answers)
            try await ends.on(session) { [self] in
                $0.received(text: frame(#"[4,"\#(first)","NotSupported","no",{"a":1}]"#))
            }
            #expect(
                answers.all == [
                    .error(
                        code: frame(#""NotSupported""#), description: frame(#""no""#), details: frame(#"{"a":1}"#))
                ])
            let second = try await call(ends, session, answers)
            try await ends.on(session) { [self] in $0.received(text: frame(#"[3,"\#(second)"]"#)) }
            guard case .unusableAnswer = answers.all.last else {
                Issue.record("\(answers.all)")
                return
            }
            #expect(ends.published.isEmpty)
        }
    }

    @Test(
        arguments: [
            ("Reset", "{}],["), ("Reset", "{},1"), ("Reset", "nonsense"), ("Reset", ""), ("Reset", "7"),
            ("No such\"action", "{}"), ("", "{}"),
        ])
    func `What is no CALL is refused, and nothing goes out`(action: String, payload: String) async throws {
        try await withEnds { ends in
            let session = try await open(ends)
            let answers = Answers()
            _ = try await call(ends, session, answers, action: action, payload: payload)
            guard case .refused = answers.all.first else {
                Issue.record("\(answers.all)")
                return
            }
            #expect(answers.all.count == 1 && ends.sent(0).isEmpty)
        }
    }

    @Test
    func `An operator's task goes on when the charge point has answered`() async throws {
        try await withEnds { ends in
            let session = try await open(ends)
            async let call = session.call(OperatorCall(action: "Reset", payload: frame("{}"), timeout: .hours(9)))
            // The CALL is on its way once the session knows it.
            while ends.sent(0).isEmpty { await Task.yield() }
            let sent = try #require(ends.sent(0).first)
            let id = try OCPPMessage.parse(frame: frame(sent), version: .v16).uniqueID
            try await ends.on(session) { [self] in $0.received(text: frame(#"[3,"\#(id)",{}]"#)) }
            let answer = await call
            #expect(answer == (uniqueID: id, outcome: .result(frame("{}"))))
        }
    }

    @Test
    func `Where the queue is full an operator hears it at once, and at the end whoever waits does`() async throws {
        try await withEnds(settings: SessionSettings(maxQueuedCalls: 1)) { ends in
            let session = try await open(ends)
            let answers = Answers()
            for _ in 0..<3 { _ = try await call(ends, session, answers) }
            #expect(answers.all == [.queueFull])
            try await ends.on(session) { $0.end(.goingAway) }
            #expect(answers.all == [.queueFull, .disconnected, .disconnected])
            _ = try await call(ends, session, answers)
            #expect(answers.all.count == 4 && answers.all.last == .disconnected)
            #expect(ends.published.isEmpty, "nobody else hears of them")
            #expect(SessionGauge.allCases.allSatisfy { ends.counters.value($0) == 0 })
        }
    }

    @Test
    func `An operator waits no longer than he says, whether his CALL waits or is unanswered`() async throws {
        try await withEnds(settings: SessionSettings(callTimeout: .seconds(30))) { ends in
            let session = try await open(ends)
            let answers = Answers()
            let first = try await call(ends, session, answers, timeout: .seconds(5))
            _ = try await call(ends, session, answers, timeout: .seconds(6))
            #expect(ends.all[0].timer.withLock { $0 } <= ends.clock.now + .seconds(5))
            ends.clock.advance(.seconds(5))
            try await ends.on(session) { $0.timerFired() }
            #expect(answers.all == [.timedOut])
            ends.clock.advance(.seconds(1))
            try await ends.on(session) { $0.timerFired() }
            #expect(answers.all == [.timedOut, .timedOut] && ends.sent(0).count == 1, "the second was never sent")
            // The charge point answers all the same: nobody waits for it.
            try await ends.on(session) { [self] in $0.received(text: frame(#"[3,"\#(first)",{}]"#)) }
            #expect(answers.all.count == 2 && ends.published.isEmpty)
            #expect(ends.counters.value(.unmatchedAnswers) == 0)
        }
    }

    // MARK: Looking on

    private final class Tap: FrameTap {
        private let list = Mutex<[String]>([])
        var all: [String] { list.withLock { $0 } }
        func passed(_ frame: TappedFrame) { list.withLock { $0.append("\(frame.direction) \(frame.text)") } }
        func sessionEnded() { list.withLock { $0.append("ended") } }
    }

    @Test
    func `Who looks on sees the frames both ways, as the log shows them, until he goes or the session ends`()
        async throws
    {
        try await withEnds { ends in
            let session = try await open(ends)
            let (first, second) = (Tap(), Tap())
            try await ends.on(session) { [self] session in
                let areAdded = [session.add(first), session.add(second)]
                #expect(areAdded == [true, true])
                session.received(text: frame(#"[2,"1","Authorize",{"idTag":"secret"}]"#))
                session.remove(second)
                session.received(answer("1"))
                session.end(.goingAway)
                let isAdded = session.add(second)
                #expect(!isAdded, "nothing would come")
            }
            #expect(first.all == [#"up [2,"1","Authorize",{"idTag":"***"}]"#, #"down [3,"1",{}]"#, "ended"])
            #expect(second.all == [#"up [2,"1","Authorize",{"idTag":"***"}]"#])
        }
    }

    @Test
    func `Those who watch the gateway hear of the beginning, of bad messages and reports, and of the end`()
        async throws
    {
        try await withEnds { ends in
            let session = try await open(ends)
            try await ends.on(session) { [self] session in
                session.received(text: frame(#"[2,"1","Authorize",{"idTag":"secret"},0]"#))
                session.received(command("open"))
                session.end(.kicked)
            }
            let lines = ends.events.lines
            #expect(lines.count == 4)
            #expect(lines[0].hasPrefix(#"{"event":"connected","cid":"CP1""#))
            #expect(lines[1].hasPrefix(#"CP1: {"reason":"malformed","error":"FormationViolation""#))
            #expect(lines[1].contains("secret") == false)
            #expect(lines[2].contains(#""reason":"disconnected""#))
            #expect(lines[3].hasPrefix(#"{"event":"disconnected""#) && lines[3].contains("kicked"))
        }
    }
}
