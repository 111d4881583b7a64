import Counters
import NIOCore
import Synchronization

/// What is counted on one broker thread: about its shared connection, and the charge points' own ones beside it. Any
/// thread may read it.
final class ConnectionCounts: Sendable {
    let events = CounterSet<BrokerCount>()
    /// From PUBLISH to its acknowledgement (QoS 1 and 2).
    let acknowledgementTime = DurationHistogram()
    private let pending = Atomic(0)
    private let waitingToConnect = Atomic(0)
    /// 0: the thread has not been started.
    private let lastTurn = Atomic<UInt64>(0)
    private let lastError = Mutex<String?>(nil)

    // MARK: The callers, and the thread

    func addPending(_ messages: Int) {
        pending.wrappingAdd(messages, ordering: .relaxed)
    }

    /// Charge points' connections that wait for their turn.
    func setWaitingToConnect(_ number: Int) {
        waitingToConnect.store(number, ordering: .relaxed)
    }

    /// The thread is alive: it goes on, or is about to begin.
    func turned(at now: NIODeadline) {
        lastTurn.store(now.uptimeNanoseconds, ordering: .relaxed)
    }

    /// - Parameter words: without secrets, as in the log.
    func failed(_ count: BrokerCount, _ words: String) {
        events.add(count)
        lastError.withLock { $0 = words }
    }

    // MARK: Reading

    var lastTurnTime: NIODeadline? {
        let time = lastTurn.load(ordering: .relaxed)
        return time == 0 ? nil : .uptimeNanoseconds(time)
    }

    func status(of index: Int, isUp: Bool) -> BrokerConnectionStatus {
        BrokerConnectionStatus(
            index: index, isUp: isUp, pending: pending.load(ordering: .relaxed),
            waitingToConnect: waitingToConnect.load(ordering: .relaxed),
            counts: BrokerCount.allCases.map { events.value($0) },
            acknowledgementTime: acknowledgementTime.snapshot, lastError: lastError.withLock { $0 })
    }
}
