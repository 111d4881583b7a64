import NIOCore
import Synchronization
import TestSupport

/// A charge point that connects to any of several gateways, calls, answers, leaves, comes back somewhere else, and
/// notes what must not happen: a CALL without its one answer, an old connection that is not closed.
final class RoamingChargePoint: Sendable {
    struct Counts: Sendable {
        var connections = 0
        var duplicates = 0
        var results = 0
        var errors = 0
        /// CALLs whose connection ended first.
        var ended = 0
        var violations: [String] = []
    }

    let identity: String
    private let isSlow: Bool
    private let ports: @Sendable () -> [Int]
    private let ledger: CommandLedger
    private let random: Mutex<SeededRandom>
    private let counts = Mutex(Counts())
    private let current = Mutex<ChargePointClient?>(nil)
    private let older = Mutex<[ChargePointClient]>([])
    private let isRoaming = Atomic(true)
    private let isStopping = Atomic(false)
    private let calls = Counter()

    init(
        identity: String, seed: UInt64, isSlow: Bool, ledger: CommandLedger, ports: @escaping @Sendable () -> [Int]
    ) {
        self.identity = identity
        self.isSlow = isSlow
        self.ledger = ledger
        self.ports = ports
        random = Mutex(SeededRandom(seed: seed))
    }

    var summary: Counts { counts.withLock { $0 } }

    var isConnected: Bool { current.withLock { $0 }?.isOpen ?? false }

    /// It stays where it is from now on, and only comes back when it is disconnected.
    func settle() {
        isRoaming.store(false, ordering: .relaxed)
    }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    func leave() async {
        await current.withLock { $0 }?.close()
    }

    /// Connections that a newer one should have ended.
    var leftovers: Int { older.withLock { $0.count(where: \.isOpen) } }

    private func draw(_ range: Range<Int>) -> Int {
        random.withLock { Int.random(in: range, using: &$0) }
    }

    private func violation(_ text: String) {
        counts.withLock { $0.violations.append("\(identity): \(text)") }
    }

    func run() async {
        while !isStopping.load(ordering: .relaxed) {
            guard let client = await connect() else {
                try? await Task.sleep(for: .milliseconds(draw(50..<150)))
                continue
            }
            await use(client)
        }
        // It may have come back while it was told to stop.
        await leave()
    }

    private func connect() async -> ChargePointClient? {
        let ports = ports()
        guard !ports.isEmpty else { return nil }
        let port = ports[draw(0..<ports.count)]
        let client = try? await ChargePointClient.connect(port: port, identity: identity, prepare: answerCalls)
        guard let client else { return nil }
        counts.withLock { $0.connections += 1 }
        current.withLock { $0 = client }
        return client
    }

    /// A command may come right behind the handshake.
    private func answerCalls(of client: ChargePointClient) {
        client.onCall { [weak self, weak client] text in
            guard let self, let client, let id = OCPPText(text).uniqueID else { return nil }
            ledger.delivered(id)
            let answer = #"[3,"\#(id)",{"status":"Accepted"}]"#
            guard isSlow else { return answer }
            let pause = draw(100..<1000)
            Task {
                try? await Task.sleep(for: .milliseconds(pause))
                try? await client.send(text: answer)
            }
            return nil
        }
    }

    /// Until the connection ends, by its own will or not.
    private func use(_ client: ChargePointClient) async {
        while client.isOpen, !isStopping.load(ordering: .relaxed) {
            await call(client)
            try? await Task.sleep(for: .milliseconds(draw(100..<400)))
            guard isRoaming.load(ordering: .relaxed) else { continue }
            switch draw(0..<100) {
            case 0..<2:
                await client.close()
            case 2..<4:
                await client.cut()
            case 4..<8:
                // Its old connection is half-open, and the gateway has yet to find out.
                older.withLock { $0.append(client) }
                counts.withLock { $0.duplicates += 1 }
                return
            default: break
            }
        }
        let surplus = client.texts.all
        if !surplus.isEmpty { violation("not asked for: \(surplus.prefix(3))") }
    }

    private func call(_ client: ChargePointClient) async {
        let id = "\(identity)-\(calls.next())"
        do {
            let answer = OCPPText(try await client.call("MeterValues", #"{"connectorId":1}"#, id: id))
            if answer.type == 3 {
                counts.withLock { $0.results += 1 }
            } else if answer.errorCode == "InternalError" {
                counts.withLock { $0.errors += 1 }
            } else {
                violation("odd answer \(answer)")
            }
        } catch {
            if client.isOpen {
                violation("\(error)")
            } else {
                counts.withLock { $0.ended += 1 }
            }
        }
    }
}
