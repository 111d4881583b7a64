import Glibc
import Logging
import MemoryBudget
import NIOCore
import OutsideNames
import Synchronization

/// The gateway's MQTT connections to its broker, each on a thread of its own.
package final class BrokerLink: Sendable {
    /// `configuration.connections` of them, at least one.
    package let connections: [BrokerConnection]
    private let configuration: BrokerLinkConfiguration
    private let observer: any BrokerLinkObserver
    private let logger: Logger
    private let pending: PendingCount
    private let leftShares = Mutex(LeftShares())
    private let logins: LoginCount
    private let resolver: HostResolver
    private let threads = Mutex<[ThreadOfConnection]?>(nil)

    /// - Parameter memory: what all queues of the process may hold.
    package convenience init(
        configuration: BrokerLinkConfiguration, observer: any BrokerLinkObserver,
        memory: MemoryBudget = MemoryBudget(limit: .max), logger: Logger
    ) {
        self.init(
            configuration: configuration, observer: observer, memory: memory, logger: logger, resolver: HostResolver())
    }

    init(
        configuration: BrokerLinkConfiguration, observer: any BrokerLinkObserver,
        memory: MemoryBudget = MemoryBudget(limit: .max), logger: Logger, resolver: HostResolver
    ) {
        let pending = PendingCount(limit: configuration.maxPending, memory: memory)
        connections = (0..<max(1, configuration.connections)).map { BrokerConnection(index: $0, pending: pending) }
        self.configuration = configuration
        self.observer = observer
        self.logger = logger
        self.pending = pending
        self.resolver = resolver
        logins = LoginCount(limit: configuration.maxLogins)
    }

    /// The connection of a topic: always the same one, in this process and the next, as long as their number is.
    package func connection(for topic: Topic) -> BrokerConnection {
        connections[Self.connectionIndex(for: topic, of: connections.count)]
    }

    package static func connectionIndex(for topic: Topic, of count: Int) -> Int {
        // FNV-1a; Swift's own hash differs from process to process.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in topic.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        return Int(hash % UInt64(count))
    }

    /// Starts a thread for each connection and returns at once. The threads try to reach the broker until `stop`.
    package func start() {
        // A broker that closes must not end the process: libmosquitto and OpenSSL write without MSG_NOSIGNAL.
        signal(SIGPIPE, SIG_IGN)
        threads.withLock { threads in
            guard threads == nil else { return }
            threads = connections.map { connection in
                let configuration = configuration
                let observer = observer
                let logger = logger
                let pending = pending
                let resolver = resolver
                connection.counts.turned(at: .now())
                return ThreadOfConnection(name: "broker-\(connection.index)") {
                    BrokerThread(
                        connection: connection, configuration: configuration, observer: observer, logger: logger,
                        pending: pending, resolver: resolver
                    )?.run()
                }
            }
        }
    }

    /// All connections are accepted by the broker.
    package var isUp: Bool { connections.allSatisfy(\.isUp) }

    /// Opens a charge point's own connection on the thread of the shared connection for this topic; the broker decides.
    ///
    /// An accepted one is the caller's to close.
    ///
    /// - Parameter gone: completes when the charge point has gone; a login that still waits then is not made any more.
    package func logIn(
        _ login: BrokerLogin, forTopic topic: Topic, on eventLoop: any EventLoop,
        unless gone: EventLoopFuture<Void>? = nil
    ) -> EventLoopFuture<BrokerLoginResult> {
        guard logins.enter() else {
            return eventLoop.makeSucceededFuture(.unavailable(reason: "too many charge points wait for the broker"))
        }
        let answer = eventLoop.makePromise(of: BrokerLoginResult.self)
        let connection = BrokerConnection(login: login, beside: connection(for: topic))
        let waiting = WaitingLogin(connection)
        answer.futureResult.whenComplete { [logins] _ in
            logins.leave()
            waiting.isAnswered()
        }
        gone?.whenComplete { _ in waiting.abandon() }
        connection.logIn(answer)
        return answer.futureResult
    }

    /// What the charge point with this downstream topic may have waiting: a share, which it keeps when it connects again.
    package func share(ofTopic topic: Topic) -> OutboundShare {
        leftShares.withLock { $0.take(topic) }
    }

    /// The session that has the share has ended.
    package func leave(_ share: OutboundShare, ofTopic topic: Topic) {
        guard !share.isEmpty else { return }
        leftShares.withLock { $0.leave(share, topic: topic) }
    }

    /// How each of the `connections` is doing; any thread may ask.
    package var statuses: [BrokerConnectionStatus] {
        connections.map { $0.counts.status(of: $0.index, isUp: $0.isUp) }
    }

    /// When the broker thread turned last that has not done so for the longest; each turns once a second at least, unless it
    /// is stuck. Nil: they have not been started.
    package var lastTurn: NIODeadline? { connections.compactMap(\.counts.lastTurnTime).min() }

    /// Messages that wait or are unacknowledged, over all connections.
    package var pendingCount: Int { pending.current }

    /// Publishes what is pending, waits for the acknowledgements and for queued unsubscribes, disconnects cleanly and
    /// joins the threads; gives up at `deadline`.
    ///
    /// With the link down it waits for the broker only if there are messages for it.
    /// - Returns: the number of messages that could not be delivered.
    package func stop(deadline: NIODeadline) async -> Int {
        for connection in connections {
            connection.inbox.requestStop(deadline: deadline)
        }
        // A little more: the thread itself says goodbye to the broker at the deadline. (No sum with `distantFuture`.)
        let patience = min(deadline, .now() + .hours(24 * 365)) + .seconds(1)
        for thread in threads.withLock({ $0 ?? [] }) {
            await thread.end(deadline: patience)
        }
        return pending.current
    }
}
