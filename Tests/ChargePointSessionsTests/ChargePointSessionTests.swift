import Logging
import MemoryBudget
import NIOCore
import NIOPosix
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
            try await Task.sleep(for: .milliseconds(2))
            try await ends.on(session) { $0.timerFired() }
            #expect(ends.sent(0) == [#"[4,"1","InternalError","no answer from the central system",{}]"#])
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            #expect(ends.published.isEmpty)
        }
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
                    session.end(.connectionEnded(reason: "connection_lost"))
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
                session.end(.connectionEnded(reason: "closed_by_peer"))
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
            session.received(claim)
            session.received(
                SessionClaim(gateway: "there", session: "old", time: 1, successor: claim.session))
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
                session.received(SessionClaim(gateway: "there", session: "new", time: .max / 2))
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
                try await ends.on(newer) { $0.received(SessionClaim.inquiry(by: "asker", message: UniqueID(id))) }
            }
            let answers = ends.published.dropFirst(before)
            #expect(answers.map(\.topic) == ["ocpp/gateway/claims/%gateway-asker"])
            #expect(answers.first?.text.contains(#""delivered":"yes""#) == true)
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

/// The two ends of sessions, as stand-ins that remember what they were told.
struct Ends: Sendable {
    let loop: any EventLoop
    let link = Link()
    let registry = SessionRegistry()
    let settings: SessionSettings
    let templates: RelayTopicTemplates
    let memory: MemoryBudget
    let counters = GatewayCounters()
    let claims: GatewayClaims?
    let version: OCPPVersion

    /// Starts a session on a connection of its own.
    func connect() async throws -> ChargePointSession {
        try await loop.submit {
            let session = makeSession()
            session.assumeIsolated { $0.start() }
            return session
        }.get()
    }

    func makeSession() -> ChargePointSession {
        let connection = Connection(eventLoop: loop)
        all.add(connection)
        let chargePoint = ChargePoint(
            identity: "CP1", version: version, remoteAddress: "192.0.2.1:1", listener: "default")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let context = SessionContext(
            settings: settings, registry: registry, counters: counters, logger: logger, gatewayID: "gw",
            retainsPresence: true, claims: claims, memory: memory)
        return ChargePointSession(
            chargePoint: chargePoint,
            topics: SessionTopics(templates: templates, identity: "CP1", version: version), context: context,
            connection: connection, link: link)
    }

    func on(
        _ session: ChargePointSession, _ body: @escaping @Sendable (isolated ChargePointSession) -> Void
    ) async throws {
        try await loop.submit { session.assumeIsolated { body($0) } }.get()
    }

    func turn() async throws {
        try await loop.submit {}.get()
    }

    let all = Connections()

    var published: [(topic: String, text: String)] { link.published.withLock { $0 } }
    func sent(_ index: Int) -> [String] { all[index].sent.withLock { $0 } }
    func closes(_ index: Int) -> [String] { all[index].closes.withLock { $0 } }
    func pings(_ index: Int) -> Int { all[index].pings.withLock { $0 } }
    func pauses(_ index: Int) -> [Bool] { all[index].pauses.withLock { $0 } }
}

final class Connections: Sendable {
    private let list = Mutex<[Connection]>([])

    func add(_ connection: Connection) { list.withLock { $0.append(connection) } }
    subscript(index: Int) -> Connection { list.withLock { $0[index] } }
}

final class Connection: ChargePointConnection {
    let eventLoop: any EventLoop
    let sent = Mutex<[String]>([])
    let closes = Mutex<[String]>([])
    let pauses = Mutex<[Bool]>([])
    let pings = Mutex(0)
    let timer = Mutex(NIODeadline.distantFuture)
    /// Whether its TCP takes what is written.
    let acknowledges = Mutex(false)

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func send(text: ByteBuffer) { sent.withLock { $0.append(String(buffer: text)) } }
    func sendPing() { pings.withLock { $0 += 1 } }
    func close(code: UInt16, reason: String) { closes.withLock { $0.append("\(code) \(reason)") } }
    func pauseReading() { pauses.withLock { $0.append(true) } }
    func resumeReading() { pauses.withLock { $0.append(false) } }
    func armTimer(at deadline: NIODeadline) { timer.withLock { $0 = deadline } }
    func hasAcknowledgedAll() -> Bool { acknowledges.withLock { $0 } }
}

final class Link: UpstreamLink {
    let published = Mutex<[(topic: String, text: String)]>([])
    let takesMessages = Mutex(true)
    private let subscribed = Mutex<[String]>([])
    private let unsubscribed = Mutex<[String]>([])

    let isOwn = Mutex(false)
    let closes = Mutex(0)
    /// Of each published message, whether the broker is to keep it.
    let retained = Mutex<[Bool]>([])

    let isConnected = Mutex(true)
    var isUp: Bool { isConnected.withLock { $0 } }
    var announcesItsLoss: Bool { isOwn.withLock { $0 } }

    func close() { closes.withLock { $0 += 1 } }
    private let beside = Mutex<[String]>([])
    var companions: [String] { beside.withLock { $0 } }
    var subscriptions: [String] { subscribed.withLock { $0 } }
    var unsubscriptions: [String] { unsubscribed.withLock { $0 } }

    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission {
        guard takesMessages.withLock({ $0 }) else { return .full }
        published.withLock { $0.append((message.topic.text, String(buffer: message.payload))) }
        retained.withLock { $0.append(message.retain) }
        return .accepted
    }

    func subscribe(_ session: ChargePointSession, announcing announcement: UpstreamMessage?) {
        subscribed.withLock { $0.append(session.downstreamTopic.text) }
        if let topic = session.claimTopic { beside.withLock { $0.append(topic.text) } }
    }
    func unsubscribe(_ session: ChargePointSession) {
        unsubscribed.withLock { $0.append(session.downstreamTopic.text) }
    }
}

func withEnds(
    settings: SessionSettings = SessionSettings(), presence: String? = nil, invalid: String? = nil,
    hasClaims: Bool = false, memory: MemoryBudget = MemoryBudget(limit: .max), templates: RelayTopicTemplates? = nil,
    version: OCPPVersion = .v16, _ body: (Ends) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    var settings = settings
    // A busy machine must not let time-outs pass that a test does not mean.
    if settings.answerTimeout == SessionSettings().answerTimeout { settings.answerTimeout = .hours(1) }
    let ends = Ends(
        loop: group.next(), settings: settings,
        templates: templates ?? RelayTopicTemplates(invalid: invalid, presence: presence), memory: memory,
        claims: hasClaims
            ? GatewayClaims(
                gatewayID: "gw", filter: "ocpp/gateway/claims/+",
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            : nil, version: version)
    do {
        try await body(ends)
    } catch {
        try await group.shutdownGracefully()
        throw error
    }
    try await group.shutdownGracefully()
}
