import NIOCore
import Synchronization
import TestSupport

/// Many charge points that send one CALL after the other, and count what comes back.
final class BusyChargePoints: Sendable {
    /// Valid by its schema.
    private static let meterValues =
        #"{"connectorId":1,"meterValue":[{"timestamp":"2026-01-01T00:00:00Z","sampledValue":[{"value":"1"}]}]}"#

    let clients: [ChargePointClient]
    let results = Counter()
    let errors = Counter()
    private let isStopping = Atomic(false)

    private init(clients: [ChargePointClient]) {
        self.clients = clients
    }

    /// Connects so many, some at a time.
    static func connect(_ count: Int, to site: Site) async throws -> BusyChargePoints {
        try await connect(count) { try await site.connect($0) }
    }

    /// - Parameter open: connects the charge point with this identity.
    static func connect(
        _ count: Int, by open: @escaping @Sendable (String) async throws -> ChargePointClient
    ) async throws -> BusyChargePoints {
        let clients = try await withThrowingTaskGroup(of: ChargePointClient.self) { group in
            var clients: [ChargePointClient] = []
            for number in 1...count {
                if number > 64, let client = try await group.next() {
                    clients.append(client)
                }
                group.addTask { try await open("CP-\(number)") }
            }
            for try await client in group {
                clients.append(client)
            }
            return clients
        }
        for client in clients {
            client.acceptEveryCall()
        }
        return BusyChargePoints(clients: clients)
    }

    /// Every charge point calls, waits for the answer, rests a little, and calls again, while `body` runs and to
    /// the end of the CALL that is open then. A CALL without an answer is a failure.
    func call(while body: () async throws -> Void) async throws {
        isStopping.store(false, ordering: .relaxed)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in clients {
                group.addTask { [self] in
                    while !isStopping.load(ordering: .relaxed) {
                        let answer = OCPPText(try await client.call("MeterValues", Self.meterValues))
                        if answer.type == 3 {
                            results.next()
                        } else if answer.errorCode == "InternalError" {
                            errors.next()
                        } else {
                            throw Failure("\(client.identity) got \(answer)")
                        }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                }
            }
            defer { isStopping.store(true, ordering: .relaxed) }
            try await body()
            isStopping.store(true, ordering: .relaxed)
            try await group.waitForAll()
        }
    }

    /// Waits until so many more answers have come.
    func more(_ count: Int) async throws {
        let goal = results.value + errors.value + count
        try await eventually("\(count) more answers", within: .seconds(60)) { results.value + errors.value >= goal }
    }

    /// One CALL of each, at the same time.
    func callOnce() async throws -> [OCPPText] {
        try await withThrowingTaskGroup(of: OCPPText.self) { group in
            for client in clients {
                group.addTask { OCPPText(try await client.call("Heartbeat")) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// One command to each, at the same time.
    func commandOnce(
        _ action: String = "TriggerMessage", from central: CentralSystem
    ) async throws -> [RelayMessage] {
        try await withThrowingTaskGroup(of: RelayMessage.self) { group in
            for client in clients {
                group.addTask { try await central.call(action, to: client.identity) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    /// Those whose connection has ended.
    var dropped: [String] {
        clients.filter { !$0.isOpen }.map(\.identity)
    }

    /// What came twice, or was not asked for.
    var surplus: [String] {
        clients.flatMap(\.texts.all)
    }
}
