import Foundation
import NIOCore
import Synchronization
import TestSupport

/// One gateway of several: its process may die and come back, its way to the broker may be cut.
final class FaultGateway: Sendable {
    let name: String
    let proxy: TCPProxy
    private let settings: [String: String]
    private let process = Mutex<GatewayProcess?>(nil)
    private let openPort = Mutex<Int?>(nil)
    private let logs = Mutex<[String]>([])

    init(name: String, broker: TestBroker, settings: [String: String]) async throws {
        self.name = name
        proxy = try await TCPProxy.start(target: broker.port)
        self.settings = settings.merging(
            ["BROKER_CLIENT_ID": name, "BROKER_URL": "mqtt://127.0.0.1:\(proxy.port)"]
        ) { _, own in own }
    }

    /// Where charge points may connect now.
    var port: Int? { openPort.withLock { $0 } }

    func running() throws -> GatewayProcess {
        guard let process = process.withLock({ $0 }) else { throw Failure("\(name) does not run") }
        return process
    }

    func start() async throws {
        let started = try await GatewayProcess.start(settings)
        process.withLock { $0 = started }
        try await started.log("the broker link") { $0.message == "broker link up" }
        let port = try await started.port()
        openPort.withLock { $0 = port }
    }

    /// How often its link came up.
    var links: Int { (try? running().logLines.count { $0.message == "broker link up" }) ?? 0 }

    var losses: Int { (try? running().logLines.count { $0.message == "broker link down" }) ?? 0 }

    func kill() async throws {
        openPort.withLock { $0 = nil }
        try await running().child.end()
        keepLog()
    }

    /// SIGTERM; its exit code.
    func drain() async throws -> Int32 {
        openPort.withLock { $0 = nil }
        let code = try await running().stop()
        keepLog()
        return code
    }

    private func keepLog() {
        let lines = (try? running().logLines.map(\.text)) ?? []
        logs.withLock { $0 += lines }
        process.withLock { $0 = nil }
    }

    func lines(about words: String...) -> [String] {
        allLines.filter { line in words.contains { line.contains($0) } }
    }

    private var allLines: [String] { logs.withLock { $0 } + ((try? running().logLines.map(\.text)) ?? []) }

    func remove() async {
        let lines = allLines
        await process.withLock { $0 }?.child.end()
        await proxy.close()
        guard let folder = ProcessInfo.processInfo.environment["INTEGRATION_LOGS"] else { return }
        let file = URL(fileURLWithPath: folder).appending(path: "\(name)-\(UUID().uuidString.prefix(8)).log")
        try? lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
    }
}

/// Two gateways on one broker with a disk, roaming charge points and a central system that sends them commands.
final class FaultSite: Sendable {
    let broker: TestBroker
    let gateways: [FaultGateway]
    let central: CentralSystem
    let ledger = CommandLedger()
    let chargePoints: [RoamingChargePoint]
    /// With a clean start the broker forgets what it had for a gateway whose link is cut: no gateway can make up for it.
    private let losesWithLinks: Bool
    private let random: Mutex<SeededRandom>
    private let isCommanding = Atomic(false)
    private let isExcused = Atomic(false)
    private let isStopping = Atomic(false)
    private let absorbed = Mutex(0)
    private let commands = Counter()

    private init(
        broker: TestBroker, gateways: [FaultGateway], central: CentralSystem, chargePoints count: Int,
        losesWithLinks: Bool, seed: UInt64
    ) {
        self.broker = broker
        self.gateways = gateways
        self.central = central
        self.losesWithLinks = losesWithLinks
        var random = SeededRandom(seed: seed)
        let ledger = ledger
        chargePoints = (1...count).map { number in
            RoamingChargePoint(
                identity: "CP-\(number)", seed: random.next(), isSlow: number % 10 == 0, ledger: ledger,
                ports: { gateways.compactMap(\.port) })
        }
        self.random = Mutex(random)
    }

    /// Runs a test with all of it, which is gone when the test ends.
    static func run(
        chargePoints: Int, settings: [String: String], losesWithLinks: Bool, seed: UInt64,
        _ body: @escaping @Sendable (FaultSite) async throws -> Void
    ) async throws {
        try await Slots.shared.run(Slots.all) {
            let broker = try await TestBroker.start(
                isPersistent: true, extraConfiguration: ["sys_interval 1", "max_inflight_messages 20"])
            var gateways: [FaultGateway] = []
            do {
                let central = try await CentralSystem.connect(port: broker.port)
                for name in ["gateway-a", "gateway-b"] {
                    gateways.append(try await FaultGateway(name: name, broker: broker, settings: settings))
                }
                for gateway in gateways { try await gateway.start() }
                let site = FaultSite(
                    broker: broker, gateways: gateways, central: central, chargePoints: chargePoints,
                    losesWithLinks: losesWithLinks, seed: seed)
                do {
                    try await site.work { try await body(site) }
                } catch {
                    let tail = gateways.map { gateway in
                        gateway.lines(about: "broker link", "error", "critical").suffix(10).joined(separator: "\n")
                    }
                    throw Failure("seed \(seed): \(error)\n\(tail.joined(separator: "\n--\n"))")
                }
                await central.stop()
            } catch {
                for gateway in gateways { await gateway.remove() }
                await broker.remove()
                throw error
            }
            for gateway in gateways { await gateway.remove() }
            await broker.remove()
        }
    }

    private func work(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for chargePoint in chargePoints {
                group.addTask { await chargePoint.run() }
            }
            group.addTask { await self.command() }
            defer {
                isStopping.store(true, ordering: .relaxed)
                for chargePoint in chargePoints { chargePoint.stop() }
            }
            try await body()
            isStopping.store(true, ordering: .relaxed)
            for chargePoint in chargePoints { chargePoint.stop() }
        }
    }

    func draw(_ range: Range<Int>) -> Int {
        random.withLock { Int.random(in: range, using: &$0) }
    }

    // MARK: Commands

    private func command() async {
        while !isStopping.load(ordering: .relaxed) {
            if isCommanding.load(ordering: .relaxed) {
                _ = try? await command(chargePoints[draw(0..<chargePoints.count)].identity)
            }
            try? await Task.sleep(for: .milliseconds(draw(2..<15)))
        }
    }

    /// Sends one command; returns its UniqueId.
    @discardableResult
    func command(_ identity: String) async throws -> String {
        let id = "command-\(commands.next())"
        ledger.opened(id, for: identity, isExcused: isExcused.load(ordering: .relaxed))
        let text = #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"TriggerMessage","Payload":{}}"#
        let noSubscribers: UInt8 = 16
        if try await central.publish(MQTTMessage(topic: central.downstreamTopic(identity), text: text)) < noSubscribers
        {
            ledger.heard(id)
        }
        return id
    }

    func startCommands() {
        isCommanding.store(true, ordering: .relaxed)
    }

    /// Stops the commands, and waits until each has its end.
    func quiesce() async throws {
        isCommanding.store(false, ordering: .relaxed)
        do {
            try await eventually("every command has its end", within: .seconds(90)) {
                absorb()
                return ledger.unsettled.isEmpty
            }
        } catch {
            throw Failure("\(error): \(ledger.unsettled.prefix(10)) \(about(ledger.unsettled.first ?? "-"))")
        }
    }

    /// Lets commands flow while a fault cuts gateways off from the broker.
    func whileLinksBreak(_ body: () async throws -> Void) async throws {
        if losesWithLinks {
            try await quiesce()
            isExcused.store(true, ordering: .relaxed)
        }
        startCommands()
        try await body()
        guard losesWithLinks else { return }
        try await eventually("every charge point has one connection") { chargePoints.allSatisfy { $0.leftovers <= 1 } }
        ledger.excuseUnsettled()
        isExcused.store(false, ordering: .relaxed)
    }

    private func absorb() {
        let all = central.received.all
        let from = absorbed.withLock { absorbed in
            defer { absorbed = all.count }
            return absorbed
        }
        for message in all[from...] { ledger.received(message) }
    }

    /// What the logs say about a command.
    func about(_ id: String) -> String {
        let lines = gateways.flatMap { gateway in gateway.lines(about: "\"\(id)\"").map { "\n  \(gateway.name): \($0)" }
        }
        return lines.joined()
    }

    // MARK: Waiting

    /// Waits for so many CALLs more to be answered.
    func more(_ count: Int) async throws {
        func answered() -> Int { chargePoints.reduce(0) { $0 + $1.summary.results } }
        let goal = answered() + count
        try await eventually("\(count) more results", within: .seconds(60)) { answered() >= goal }
    }

    /// Who is subscribed to what, as the broker's log has it since its start.
    func subscriptionsInLog() async -> [String] {
        var subscriptions: Set<String> = []
        for line in broker.lines {
            // "<time>: <client> <QoS> <filter>" and "<time>: <client> <filter>".
            let words = line.split(separator: " ").dropFirst().map(String.init)
            if words.count == 3, Int(words[1]) != nil {
                subscriptions.insert("\(words[0]) \(words[2])")
            } else if words.count == 2 {
                subscriptions.remove("\(words[0]) \(words[1])")
            }
        }
        return subscriptions.sorted()
    }

    /// Waits until so many topics have a subscriber, by the broker's own count, which it publishes once a second when it
    /// has changed. The watcher's own subscription counts, so it stays.
    func subscriptionsBecome(_ expected: Int) async throws {
        let watcher = try await MQTTTestClient.connect(port: broker.port, clientID: "watcher")
        try await watcher.subscribe("$SYS/broker/subscriptions/count")
        do {
            try await eventually("\(expected) subscriptions") { watcher.messages.all.last?.text == "\(expected)" }
        } catch {
            let counts = watcher.messages.all.map(\.text)
            throw Failure("\(error); counted \(counts), by the broker's log \(await subscriptionsInLog())")
        }
        await watcher.disconnect()
    }
}
