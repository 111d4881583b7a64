import Logging
import MemoryBudget
import NIOCore

/// All listeners of the process: each can be opened, stopped and changed while the others go on.
///
/// What changes listeners is done one at a time, in the order in which it was asked for.
package actor ListenerSet {
    private struct Entry {
        var configuration: ListenerConfiguration
        var admission: any ConnectionAdmission
        let traffic: ListenerTraffic
        /// Nil: stopped.
        var listener: WebSocketListener?
    }

    package enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
        case unknown(ListenerID)
        case nameTaken(ListenerID)

        package var description: String {
            switch self {
            case .unknown(let id): "there is no listener \(id)"
            case .nameTaken(let id): "there is a listener \(id) already"
            }
        }
    }

    private let group: any EventLoopGroup
    private let memory: MemoryBudget
    private let logger: Logger
    private let eventLoops = EventLoopTable()
    /// In the order in which they came.
    private var entries: [Entry] = []
    private var last: Task<Void, Never>?

    /// - Parameters:
    ///   - group: Its event loops carry the listening sockets and the connections.
    ///   - memory: What all queues of the process may hold.
    package init(group: any EventLoopGroup, memory: MemoryBudget = MemoryBudget(limit: .max), logger: Logger) {
        self.group = group
        self.memory = memory
        self.logger = logger
    }

    package var summaries: [ListenerSummary] {
        entries.map { entry in
            let address = entry.listener?.address
            return ListenerSummary(
                id: entry.configuration.id, isRunning: address != nil, address: address,
                connections: entry.traffic.connectionCount, maxConnections: entry.configuration.maxConnections,
                certificateEnd: entry.listener?.certificateEnd,
                handshakes: FrontEndCount.allCases.map { ($0.status, entry.traffic.counters.value($0)) })
        }
    }

    /// Those that run.
    package var running: [WebSocketListener] { entries.compactMap(\.listener) }

    // MARK: Changes

    /// Adds a listener and starts it; one that cannot listen is not added.
    ///
    /// - Returns: Where it listens.
    /// - Throws: `Refusal`, `ListenerError`.
    @discardableResult
    package func add(
        _ configuration: ListenerConfiguration, admission: any ConnectionAdmission
    ) async throws -> SocketAddress {
        try await inTurn { listeners in try await listeners.doAdd(configuration, admission) }
    }

    /// Adds a listener that does not run until it is started.
    ///
    /// - Throws: `Refusal`.
    package func addStopped(_ configuration: ListenerConfiguration, admission: any ConnectionAdmission) async throws {
        try await inTurn { listeners in
            guard !listeners.ids.contains(configuration.id) else { throw Refusal.nameTaken(configuration.id) }
            listeners.entries.append(
                Entry(configuration: configuration, admission: admission, traffic: ListenerTraffic(), listener: nil))
        }
    }

    /// Starts a listener that was stopped; one that runs goes on.
    ///
    /// - Throws: `Refusal`, `ListenerError`.
    @discardableResult
    package func start(_ id: ListenerID) async throws -> SocketAddress {
        try await inTurn { listeners in try await listeners.doStart(id) }
    }

    /// Stops a listener and ends its connections with 1001, spread over this time.
    ///
    /// - Returns: When they have ended.
    /// - Throws: `Refusal`.
    package func stop(_ id: ListenerID, endingConnectionsOver time: Duration) async throws {
        let admission = try await inTurn { listeners in try await listeners.doStop(id) }
        await admission.endConnections(over: time)
    }

    /// As `stop`; there is no such listener any more.
    package func remove(_ id: ListenerID, endingConnectionsOver time: Duration) async throws {
        let admission = try await inTurn { listeners in
            let admission = try await listeners.doStop(id)
            listeners.forget(id)
            return admission
        }
        await admission.endConnections(over: time)
    }

    /// Stops a listener; its connections stay, until its admission is told to end them.
    ///
    /// - Throws: `Refusal`.
    package func stop(_ id: ListenerID) async throws {
        _ = try await inTurn { listeners in try await listeners.doStop(id) }
    }

    /// As `stop`; there is no such listener any more.
    package func remove(_ id: ListenerID) async throws {
        try await inTurn { listeners in
            _ = try await listeners.doStop(id)
            listeners.forget(id)
        }
    }

    /// Changes the listener of this name: it is opened anew, with certificates read anew, before the old opening is
    /// closed. Its connections stay, and handshakes under way are completed as they began. When it cannot be opened,
    /// everything is as it was. One that is stopped stays so.
    ///
    /// - Returns: Where it listens; nil: it is stopped.
    /// - Throws: `Refusal`, `ListenerError`.
    @discardableResult
    package func replace(
        _ configuration: ListenerConfiguration, admission: any ConnectionAdmission
    ) async throws -> SocketAddress? {
        try await inTurn { listeners in try await listeners.doReplace(configuration, admission) }
    }

    /// Closes all listening sockets; connections stay, handshakes under way are answered 503.
    package func stopAccepting() async {
        try? await inTurn { listeners in
            for id in listeners.ids { _ = try await listeners.doStop(id) }
        }
    }

    // MARK: One at a time

    private func inTurn<Result: Sendable>(
        _ change: @escaping @Sendable (isolated ListenerSet) async throws -> Result
    ) async throws -> Result {
        let previous = last
        let turn = Task {
            await previous?.value
            return try await change(self)
        }
        last = Task { _ = try? await turn.value }
        return try await turn.value
    }

    private var ids: [ListenerID] { entries.map(\.configuration.id) }

    private func index(of id: ListenerID) throws(Refusal) -> Int {
        guard let index = entries.firstIndex(where: { $0.configuration.id == id }) else { throw .unknown(id) }
        return index
    }

    private func listener(
        _ configuration: ListenerConfiguration, _ admission: any ConnectionAdmission, _ traffic: ListenerTraffic
    ) -> WebSocketListener {
        WebSocketListener(
            configuration: configuration, group: group, admission: admission, traffic: traffic,
            eventLoops: eventLoops, memory: memory, logger: logger)
    }

    private func doAdd(
        _ configuration: ListenerConfiguration, _ admission: any ConnectionAdmission
    ) async throws -> SocketAddress {
        guard !ids.contains(configuration.id) else { throw Refusal.nameTaken(configuration.id) }
        let traffic = ListenerTraffic()
        let listener = listener(configuration, admission, traffic)
        let address = try await listener.start()
        entries.append(
            Entry(configuration: configuration, admission: admission, traffic: traffic, listener: listener))
        return address
    }

    private func doStart(_ id: ListenerID) async throws -> SocketAddress {
        let index = try index(of: id)
        if let address = entries[index].listener?.address { return address }
        let entry = entries[index]
        let listener = listener(entry.configuration, entry.admission, entry.traffic)
        let address = try await listener.start()
        entries[index].listener = listener
        return address
    }

    private func doStop(_ id: ListenerID) async throws -> any ConnectionAdmission {
        let index = try index(of: id)
        let listener = entries[index].listener
        entries[index].listener = nil
        await listener?.stopAccepting()
        return entries[index].admission
    }

    private func forget(_ id: ListenerID) {
        entries.removeAll { $0.configuration.id == id }
    }

    private func doReplace(
        _ configuration: ListenerConfiguration, _ admission: any ConnectionAdmission
    ) async throws -> SocketAddress? {
        let index = try index(of: configuration.id)
        var address: SocketAddress?
        if let old = entries[index].listener {
            let new = listener(configuration, admission, entries[index].traffic)
            address = try await new.start(inPlaceOf: old)
            entries[index].listener = new
            await old.handOver()
        }
        entries[index].configuration = configuration
        entries[index].admission = admission
        return address
    }
}
