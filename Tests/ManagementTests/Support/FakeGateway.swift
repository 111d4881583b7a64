import Management
import NIOCore
import OutsideNames

/// A gateway without sockets: what management tells it to do changes what it says afterwards.
actor FakeGateway {
    nonisolated let gatewayID = "gw1"
    nonisolated let gatewayVersion = "9.9.9"
    nonisolated let gatewayCommit: String? = "0123abc"

    var readinessNow = Readiness()
    var stalled: [String] = []
    var isRunning = true
    var startedAt = Timestamp(millisecondsSince1970: 1_800_000_000_000)
    var listenersNow: [ListenerSummary]
    var settingsNow: [FakeSetting]
    var sessions: [FakeSession] = []
    var rosterRevision: UInt64 = 1
    var indexes: [SessionKey: Int] = [:]
    var indexRevision: UInt64 = 0
    var claims: [ChargePointIdentity: String] = [:]
    var authenticatorNow: JSON?
    var userStore: FakeUserStore?
    var cachedVerdicts = 0
    /// Waited for by each change of settings.
    var beforeSettingsChange: @Sendable () async -> Void = {}
    var eventSinks: [Int: @Sendable (GatewayEvent) -> Void] = [:]
    var frameSinks: [Int: (key: SessionKey, sink: @Sendable (FrameEvent) -> Void, ended: @Sendable () -> Void)] = [:]
    var logSinks: [Int: (subject: TraceSubject, sink: @Sendable (String) -> Void)] = [:]
    var nextSink = 0
    var watchers: [CheckedContinuation<Void, Never>] = []

    func hold(_ change: @escaping @Sendable () async -> Void) { beforeSettingsChange = change }

    init() {
        listenersNow = [
            ListenerSummary(
                id: ListenerID(type: "ws", name: "default"),
                settings: ["bind": "0.0.0.0:33033", "max_connections": 1_024_000, "websocket": ["path": "/ocpp"]],
                isRunning: true, maximumConnections: 1_024_000, currentConnections: 0)
        ]
        settingsNow = [
            FakeSetting("mountpoint", default: "ocpp/"),
            FakeSetting("log.level", default: "info"),
            FakeSetting("upstream.answer_timeout", default: "25s", file: "20s"),
            FakeSetting("dnstream.call_timeout", default: "30s", environment: "DNSTREAM_CALL_TIMEOUT", "40s"),
            FakeSetting("broker.password", default: .null, file: "hunter2"),
            FakeSetting("broker.url", default: "mqtt://127.0.0.1:1883", file: "mqtt://gw:s3cret@broker:1883"),
        ]
    }

    func update(_ change: @Sendable (isolated FakeGateway) -> Void) { change(self) }
}

/// One key: what environment, a change and the file say.
struct FakeSetting: Sendable {
    var key: String
    var defaultValue: JSON
    var file: JSON?
    var change: JSON?
    var environment: JSON?
    var variable: String?

    init(_ key: String, default value: JSON, file: JSON? = nil, environment variable: String? = nil, _ set: JSON? = nil)
    {
        self.key = key
        defaultValue = value
        self.file = file
        self.variable = variable
        environment = set
    }

    var summary: SettingSummary {
        let levels: [(source: SettingSummary.Source, value: JSON)] = [
            environment.map { (.environment, $0) }, change.map { (.change, $0) }, file.map { (.file, $0) },
            (.default, defaultValue),
        ].compactMap { $0 }
        return SettingSummary(
            key: key, value: levels[0].value, defaultValue: defaultValue, source: levels[0].source,
            beneath: Array(levels.dropFirst()))
    }
}

struct FakeSession: Sendable {
    enum Behaviour: Sendable {
        case accepts, refuses, silent, leaves, queueIsFull
    }

    var snapshot: ClientSnapshot
    var behaviour = Behaviour.accepts
    var calls: [ChargePointCall] = []
}

extension FakeGateway {
    /// Lets a charge point in.
    @discardableResult
    func connect(
        _ identity: String, user: String? = nil, address: String = "203.0.113.7", listener: String = "default",
        version: String = "1.6", at time: Int64 = 1_800_000_000_000, vendor: String? = nil,
        behaviour: FakeSession.Behaviour = .accepts
    ) -> SessionKey {
        rosterRevision += 1
        let key = SessionKey("session-\(rosterRevision)")
        let entry = ClientRoster.Entry(
            key: key, identity: ChargePointIdentity(identity), userName: user.map { UserName($0) }, address: address,
            listener: ListenerID(type: "ws", name: listener), version: version,
            connectedAt: Timestamp(millisecondsSince1970: time))
        sessions.append(
            FakeSession(
                snapshot: ClientSnapshot(
                    entry: entry, port: 5123, mountpoint: "ocpp/", heartbeatInterval: 300,
                    received: .init(messages: 44, bytes: 5120), sent: .init(messages: 43, bytes: 4210),
                    lastSeenAt: Timestamp(millisecondsSince1970: time + 1000), securityProfile: 2,
                    boot: vendor.map { .init(vendor: $0, model: "M", firmware: "1.2") }), behaviour: behaviour))
        return key
    }

    func disconnect(_ key: SessionKey) {
        rosterRevision += 1
        sessions.removeAll { $0.snapshot.entry.key == key }
        for (_, watch) in frameSinks where watch.key == key { watch.ended() }
    }

    func say(_ frame: String, _ direction: FrameEvent.Direction, of key: SessionKey) {
        let event = FrameEvent(time: .now, direction: direction, frame: frame)
        for (_, watch) in frameSinks where watch.key == key { watch.sink(event) }
    }

    func happen(_ event: GatewayEvent) {
        for sink in eventSinks.values { sink(event) }
    }

    func log(_ line: String, about subject: TraceSubject) {
        for (_, watch) in logSinks where watch.subject == subject { watch.sink(line) }
    }

    var watchCount: Int { eventSinks.count + frameSinks.count + logSinks.count }

    /// Returns once so many watch.
    func watched(by count: Int) async {
        while watchCount != count { await withCheckedContinuation { watchers.append($0) } }
    }

    func watchersChanged() {
        let waiting = watchers
        watchers = []
        for watcher in waiting { watcher.resume() }
    }
}
