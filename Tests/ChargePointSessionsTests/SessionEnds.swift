import CallTracing
import Logging
import MemoryBudget
import NIOCore
import NIOPosix
import OCPPJ
import OutsideNames
import Synchronization

@testable import ChargePointSessions

/// The two ends of sessions, as stand-ins that remember what they were told.
struct Ends: Sendable {
    let loop: any EventLoop
    let link = Link()
    let registry = SessionRegistry()
    let settings: SessionSettings
    let templates: RelayTopicTemplates
    let memory: MemoryBudget
    let counters = SessionCounters()
    let clock = TestClock()
    let events = RecordedEvents()
    let claims: GatewayClaims?
    let version: OCPPVersion
    let tracer: CallTracer?

    /// Starts a session on a connection of its own.
    func connect(
        identity: ChargePointIdentity = "CP1", credentialsExpire: Int64? = nil
    ) async throws -> ChargePointSession {
        try await loop.submit {
            let session = makeSession(identity: identity, credentialsExpire: credentialsExpire)
            session.assumeIsolated { $0.start() }
            return session
        }.get()
    }

    func makeSession(
        identity: ChargePointIdentity = "CP1", credentialsExpire: Int64? = nil
    ) -> ChargePointSession {
        let connection = Connection(eventLoop: loop)
        all.add(connection)
        let chargePoint = ChargePoint(
            identity: identity, version: version, remoteAddress: "192.0.2.1:1", listener: "default")
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let context = SessionContext(
            settings: settings, registry: registry, counters: counters, logger: logger, gatewayID: "gw",
            retainsPresence: true, claims: claims, memory: memory, events: events, tracer: tracer,
            clock: SessionClock { [clock] in clock.now })
        return ChargePointSession(
            chargePoint: chargePoint,
            topics: SessionTopics(templates: templates, identity: identity, version: version), context: context,
            connection: connection, link: link, credentialsExpire: credentialsExpire)
    }

    func on(
        _ session: ChargePointSession, _ body: @escaping @Sendable (isolated ChargePointSession) -> Void
    ) async throws {
        try await loop.submit { session.assumeIsolated { body($0) } }.get()
    }

    /// What the session has now.
    func get<Value: Sendable>(
        _ session: ChargePointSession, _ body: @escaping @Sendable (isolated ChargePointSession) -> Value
    ) async throws -> Value {
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

/// The time goes on when a test says so.
final class TestClock: Sendable {
    private let time = Mutex(NIODeadline.uptimeNanoseconds(1_000_000_000_000))

    var now: NIODeadline { time.withLock { $0 } }
    func advance(to deadline: NIODeadline) { time.withLock { $0 = max($0, deadline) } }
    func advance(_ amount: TimeAmount) { time.withLock { $0 = $0 + amount } }
}

/// What those who watch the gateway have heard.
final class RecordedEvents: SessionEventSink {
    let isListening = true
    private let list = Mutex<[SessionEvent]>([])

    func occurred(_ event: SessionEvent) { list.withLock { $0.append(event) } }

    /// One line each.
    var lines: [String] {
        list.withLock { $0 }.map { event in
            switch event {
            case .connected(let presence), .disconnected(let presence): String(buffer: presence.payload())
            case .badMessage(let identity, let refused): "\(identity): \(String(buffer: refused.relay()))"
            case .report(let identity, let payload): "\(identity): \(String(buffer: payload))"
            }
        }
    }
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
    /// What its peer takes at a time, in bytes.
    let room = Mutex(Int.max)

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    func send(text: ByteBuffer) { sent.withLock { $0.append(String(buffer: text)) } }
    func hasRoom(for bytes: Int) -> Bool { room.withLock { bytes <= $0 } }
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
    let traceParents = Mutex<[String?]>([])
    /// Of each published message, whether the broker is to keep it.
    let retained = Mutex<[Bool]>([])

    let isConnected = Mutex(true)
    var isUp: Bool { isConnected.withLock { $0 } }
    var announcesItsLoss: Bool { isOwn.withLock { $0 } }

    func close(_ session: ChargePointSession) { closes.withLock { $0 += 1 } }
    private let beside = Mutex<[String]>([])
    var companions: [String] { beside.withLock { $0 } }
    var subscriptions: [String] { subscribed.withLock { $0 } }
    var unsubscriptions: [String] { unsubscribed.withLock { $0 } }

    func publish(_ message: UpstreamMessage, from session: ChargePointSession) -> UpstreamAdmission {
        guard takesMessages.withLock({ $0 }) else { return .full }
        published.withLock { $0.append((message.topic.text, String(buffer: message.payload))) }
        traceParents.withLock { $0.append(message.traceParent) }
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
    version: OCPPVersion = .v16, tracer: CallTracer? = nil, _ body: (Ends) async throws -> Void
) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let ends = Ends(
        loop: group.next(), settings: settings,
        templates: templates ?? RelayTopicTemplates(invalid: invalid, presence: presence), memory: memory,
        claims: hasClaims
            ? GatewayClaims(
                gatewayID: "gw", filter: "ocpp/gateway/claims/+",
                logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
            : nil, version: version, tracer: tracer)
    do {
        try await body(ends)
    } catch {
        try await group.shutdownGracefully()
        throw error
    }
    try await group.shutdownGracefully()
}
