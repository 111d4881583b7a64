import Logging
import MemoryBudget
import NIOCore
import OCPPJ
import OutsideNames
import Synchronization
import Testing

@testable import ChargePointSessions

@Suite("A session between its two ends")
struct ChargePointSessionTests {
    @Test
    func `What the charge point says first is published once the subscription is acknowledged, presence in front`()
        async throws
    {
        try await withEnds(presence: "presence/${cid}") { ends in
            let session = try await ends.connect()
            try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#)) }
            #expect(ends.published.isEmpty)
            #expect(ends.link.subscriptions == ["ocpp/cs/CP1"])
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            #expect(ends.published.map(\.topic) == ["ocpp/presence/CP1", "ocpp/cp/CP1"])
            #expect(ends.published[1].text == #"{"MessageTypeId":2,"UniqueId":"1","Action":"Heartbeat","Payload":{}}"#)
        }
    }

    @Test
    func `A CALL whose answer time-out passes before the subscription is answered and not published any more`()
        async throws
    {
        try await withEnds(settings: SessionSettings(answerTimeout: .milliseconds(1))) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#)) }
            ends.clock.advance(.milliseconds(2))
            try await ends.on(session) { $0.timerFired() }
            #expect(ends.sent(0) == [#"[4,"1","InternalError","no answer from the central system",{}]"#])
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            #expect(ends.published.isEmpty)
        }
    }

    @Test
    func `Response Topics and Correlation Data count in the memory of a session, held and queued`() async throws {
        let memory = MemoryBudget(limit: 64 << 10)
        try await withEnds(hasClaims: true, memory: memory) { ends in
            let session = try await ends.connect()
            let data = ByteBuffer(repeating: 0x2A, count: 4096)
            // A quarter of all is this session's: three of them, and what is in front of them.
            try await ends.on(session) { session in
                for id in ["1", "2", "3", "4", "5"] {
                    var command = Self.command(id)
                    command.replyAddress = ReplyAddress(topic: "answers/\(id)", correlationData: data)
                    session.received(command)
                }
            }
            #expect(memory.used > 3 * 4096 && memory.used < 4 * 4096 + 1024, "held until the session opens")
            try await ends.on(session) { session in
                session.claimSubscriptionRefused()
                session.subscriptionAcknowledged()
            }
            #expect(ends.published.filter { $0.text.contains("queue_full") }.count == 2)
            #expect(ends.sent(0).count == 1, "one goes out, two are queued")
            #expect(memory.used > 3 * 4096 && memory.used <= 16 << 10)
            try await ends.on(session) { session in
                var command = Self.command("6")
                command.replyAddress = ReplyAddress(topic: "answers/6", correlationData: data)
                session.received(command)
            }
            #expect(ends.published.filter { $0.text.contains("queue_full") }.count == 3)
            for id in ["1", "2", "3"] {
                try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[3,"\#(id)",{}]"#)) }
            }
            #expect(ends.published.filter { $0.topic.hasPrefix("answers/") }.count == 3)
            #expect(memory.used == 0)
        }
    }

    @Test
    func `Why the broker gets no message is said in words of its own`() {
        let texts = [UpstreamAdmission.tooLarge, .full, .closed].map(\.text)
        #expect(Set(texts).count == 3)
        for (text, word) in zip(texts, ["too large", "full", "closed"]) { #expect(text.contains(word)) }
    }

    @Test
    func `A newer connection takes over: the older one reports and closes with 1008 before the newer one subscribes`()
        async throws
    {
        try await withEnds { ends in
            let older = try await ends.connect()
            try await ends.on(older) { session in
                session.subscriptionAcknowledged()
                session.received(Self.command("a"))
                session.received(Self.command("b"))
            }
            let newer = try await ends.connect()
            // Three turns of the loop: to the older one, and back.
            for _ in 0..<3 { try await ends.turn() }
            #expect(ends.closes(0) == ["1008 replaced by a newer connection"])
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1/Reply", "ocpp/cp/CP1/Reply"])
            #expect(ends.published.allSatisfy { $0.text.contains(#""reason":"disconnected""#) })
            #expect(ends.link.subscriptions.count == 2)
            #expect(ends.link.unsubscriptions.isEmpty, "the subscription is handed over")
            // What the broker had handed to the older one still reaches the charge point.
            try await ends.on(newer) { $0.subscriptionAcknowledged() }
            try await ends.on(older) { $0.received(Self.command("late")) }
            try await ends.turn()
            #expect(ends.sent(1) == [#"[2,"late","Reset",{}]"#])
            #expect(ends.registry.count == 1)
            try await ends.on(newer) { $0.end(.goingAway) }
            #expect(ends.link.unsubscriptions == ["ocpp/cs/CP1"])
            #expect(ends.registry.count == 0)
        }
    }

    @Test
    func `A newer connection that leaves before its turn lets the subscription go`() async throws {
        try await withEnds { ends in
            let older = try await ends.connect()
            try await ends.on(older) { $0.subscriptionAcknowledged() }
            try await ends.loop.submit {
                let newer = ends.makeSession()
                newer.assumeIsolated { session in
                    session.start()
                    session.end(.connectionEnded(.connectionLost))
                }
            }.get()
            for _ in 0..<3 { try await ends.turn() }
            #expect(ends.link.unsubscriptions == ["ocpp/cs/CP1"])
            #expect(ends.registry.count == 0)
        }
    }

    @Test
    func `Of a thousand sessions that took over from each other only the last is kept, whoever remembers the first`()
        async throws
    {
        try await withEnds { ends in
            let first = try await ends.connect()
            let ended = Mutex<[Weak]>([])
            for _ in 0..<1000 {
                let next = try await ends.connect()
                ended.withLock { $0.append(Weak(session: next)) }
            }
            for _ in 0..<3 { try await ends.turn() }
            #expect(ended.withLock { $0.count { $0.session != nil } } == 1)
            // What the broker had handed to the first still reaches the charge point.
            try await ends.on(first) { $0.received(Self.command("late")) }
            try await ends.turn()
            #expect(ends.sent(1000) == [#"[2,"late","Reset",{}]"#])
        }
    }

    @Test
    func `After the end a message from the broker is reported as not_connected, and nothing is sent`() async throws {
        try await withEnds { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.end(.connectionEnded(.closedByPeer))
                session.received(Self.command("x"))
                session.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#))
            }
            #expect(ends.published.count == 1)
            #expect(ends.published[0].text.contains(#""reason":"not_connected""#))
            #expect(ends.sent(0).isEmpty)
        }
    }

    @Test
    func `A session with an MQTT connection of its own closes it, and says again that it is there when it comes back`()
        async throws
    {
        try await withEnds(presence: "presence/${cid}") { ends in
            ends.link.isOwn.withLock { $0 = true }
            let session = try await ends.connect()
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            try await ends.on(session) { $0.ownLinkChanged(isUp: false) }
            #expect(ends.published.count == 1)
            try await ends.on(session) { $0.ownLinkChanged(isUp: true) }
            #expect(ends.published.count == 2)
            #expect(ends.published.allSatisfy { $0.text.hasPrefix(#"{"event":"connected""#) })
            #expect(ends.link.closes.withLock { $0 } == 0)
            try await ends.on(session) { $0.wasTakenOver() }
            #expect(ends.closes(0) == ["1008 replaced by a newer connection"])
            #expect(ends.published.last?.text.contains(#""reason":"replaced""#) == true)
            // The next session's beginning may be there already, and must stay.
            #expect(ends.link.retained.withLock { $0 } == [true, true, false])
            #expect(ends.link.closes.withLock { $0 } == 1)
            try await ends.on(session) { $0.wasTakenOver() }
            #expect(ends.link.closes.withLock { $0 } == 1, "it ends once")
        }
    }

    @Test
    func `A session whose MQTT connection the broker ends on purpose is closed with 1008`() async throws {
        try await withEnds { ends in
            ends.link.isOwn.withLock { $0 = true }
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(Self.command("open"))
                session.wasClosedByBroker(reason: "administrative action")
            }
            #expect(ends.closes(0) == ["1008 the broker has closed this charge point's connection"])
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1/Reply"])
            #expect(ends.registry.count == 0)
        }
    }

    @Test
    func `A CALL that the broker does not take gets its one answer at once`() async throws {
        try await withEnds { ends in
            let session = try await ends.connect()
            ends.link.takesMessages.withLock { $0 = false }
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#))
                session.brokerDidNotTake(uniqueID: "1", reason: "again")
            }
            #expect(
                ends.sent(0) == [
                    #"[4,"1","InternalError","too much waits for the broker already: the queue is full",{}]"#
                ])
        }
    }

    @Test
    func `The CALL over max_open_calls waits while reading goes on, and is relayed when one is answered`() async throws
    {
        try await withEnds(settings: SessionSettings(maxOpenCalls: 1)) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(Self.command("down"))
                for id in 1...3 {
                    session.received(text: ByteBuffer(string: #"[2,"\#(id)","Heartbeat",{}]"#))
                }
                session.received(text: ByteBuffer(string: #"[3,"down",{}]"#))
            }
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1", "ocpp/cp/CP1/Reply"], "an answer does not wait")
            #expect(ends.pauses(0).isEmpty)
            for id in 1...2 { try await ends.on(session) { $0.received(Self.answer("\(id)")) } }
            #expect(ends.published.count == 4)
            #expect(ends.published[2].text.contains(#""UniqueId":"2""#))
            #expect(ends.published[3].text.contains(#""UniqueId":"3""#))
        }
    }

    @Test
    func `Reading pauses with the 65th CALL that waits, and goes on when one is answered`() async throws {
        try await withEnds(settings: SessionSettings(maxOpenCalls: 1), memory: MemoryBudget(limit: 1 << 20)) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                for id in 0...64 {
                    session.received(text: ByteBuffer(string: #"[2,"\#(id)","Heartbeat",{}]"#))
                }
            }
            #expect(ends.pauses(0).isEmpty)
            try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[2,"65","Heartbeat",{}]"#)) }
            #expect(ends.pauses(0) == [true])
            #expect(ends.memory.used > 0)
            for id in 0...65 {
                try await ends.on(session) { $0.received(Self.answer("\(id)")) }
            }
            #expect(ends.published.count == 66)
            #expect(ends.pauses(0) == [true, false])
            #expect(ends.memory.used == 0)
        }
    }

    @Test
    func `When the link goes down what waits for open CALLs is refused at once`() async throws {
        try await withEnds(settings: SessionSettings(maxOpenCalls: 1)) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                for id in 1...2 { session.received(text: ByteBuffer(string: #"[2,"\#(id)","Heartbeat",{}]"#)) }
            }
            #expect(ends.sent(0).isEmpty)
            ends.link.isConnected.withLock { $0 = false }
            try await ends.on(session) { $0.linkChanged() }
            #expect(ends.sent(0) == [#"[4,"2","InternalError","the broker cannot be reached",{}]"#])
        }
    }

    @Test
    func `What waits in a session counts, and is given back however it leaves`() async throws {
        let memory = MemoryBudget(limit: 1 << 20)
        try await withEnds(settings: SessionSettings(maxOpenCalls: 1), presence: "presence/${cid}", memory: memory) {
            ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                for id in 1...4 { session.received(text: ByteBuffer(string: #"[2,"\#(id)","Heartbeat",{}]"#)) }
            }
            let unpublished = memory.used
            #expect(unpublished > 0)
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                for id in ["a", "b", "c"] { session.received(Self.command(id)) }
            }
            #expect(memory.used > 0 && memory.used < unpublished)
            try await ends.on(session) { $0.end(.goingAway) }
            #expect(memory.used == 0)
            // One that never opens.
            let other = try await ends.connect()
            try await ends.on(other) { session in
                session.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#))
                session.end(.goingAway)
            }
            #expect(memory.used == 0)
        }
    }

    private static func answer(_ id: String) -> DownstreamMessage {
        let text = #"{"MessageTypeId":3,"UniqueId":"\#(id)","Payload":{}}"#
        return DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: nil)
    }

    // MARK: Claims

    /// Lets the session's claim come back, and the time for an older session's last word pass.
    private func open(_ session: ChargePointSession, _ ends: Ends) async throws {
        try await ends.on(session) { session in
            session.subscriptionAcknowledged()
            guard let claim = session.claim else { return }
            session.heard(claim)
            session.heard(SessionClaim(gateway: "there", session: "old", time: 1, successor: claim.session))
        }
    }

    @Test
    func `A session claimed elsewhere reports its open calls, and then says in whose favour it has ended`() async throws
    {
        try await withEnds(hasClaims: true) { ends in
            let session = try await ends.connect()
            #expect(ends.link.companions == ["ocpp/gateway/claims/CP1"])
            try await open(session, ends)
            try await ends.on(session) { session in
                session.received(Self.command("open"))
                session.heard(SessionClaim(gateway: "there", session: "new", time: .max / 2))
            }
            #expect(ends.closes(0) == ["1008 replaced by a newer connection"])
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1/Reply", "ocpp/gateway/claims/CP1"])
            #expect(ends.published[0].text.contains(#""reason":"disconnected""#))
            #expect(ends.published[1].text.contains(#""successor":"new""#))
            #expect(ends.link.unsubscriptions == ["ocpp/cs/CP1"])
        }
    }

    @Test
    func `A session whose claims the broker does not deliver opens without them, and so do the next ones at once`()
        async throws
    {
        try await withEnds(hasClaims: true) { ends in
            let first = try await ends.connect()
            try await ends.on(first) { session in
                session.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#))
                session.claimSubscriptionRefused()
            }
            #expect(ends.published.isEmpty, "the other subscription is not there yet")
            try await ends.on(first) { $0.subscriptionAcknowledged() }
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1"])
            try await ends.on(first) { $0.end(.goingAway) }
            let next = try await ends.connect()
            try await ends.on(next) { session in
                session.received(text: ByteBuffer(string: #"[2,"2","Heartbeat",{}]"#))
                session.subscriptionAcknowledged()
            }
            #expect(ends.published.count == 2)
        }
    }

    @Test
    func `An inquiry is answered to the gateway that asks, for a message that came here, also to the session before`()
        async throws
    {
        try await withEnds(hasClaims: true) { ends in
            let older = try await ends.connect()
            try await open(older, ends)
            try await ends.on(older) { $0.received(Self.command("seen")) }
            let newer = try await ends.connect()
            for _ in 0..<3 { try await ends.turn() }
            try await open(newer, ends)
            let before = ends.published.count
            for id in ["unseen", "seen"] {
                try await ends.on(newer) { $0.heard(SessionClaim.inquiry(by: "asker", message: UniqueID(id))) }
            }
            let answers = ends.published.dropFirst(before)
            #expect(answers.map(\.topic) == ["ocpp/gateway/claims/%gateway-asker"])
            #expect(answers.first?.text.contains(#""delivered":"yes""#) == true)
            // By then it needs no memory: whoever asks about a message asks at once.
            ends.clock.advance(ReceivedEarly.youth)
            try await ends.on(newer) { $0.heard(SessionClaim.inquiry(by: "asker", message: "unseen")) }
            #expect(ends.published.count == before + 2)
            #expect(ends.published.last?.text.contains("delivered") == false)
        }
    }

    private static func command(_ id: String) -> DownstreamMessage {
        let text = #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"Reset","Payload":{}}"#
        return DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: nil)
    }
}

private struct Weak {
    weak var session: ChargePointSession?
}
