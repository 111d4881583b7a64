import CMosquitto
import Glibc
import NIOCore
import Synchronization

/// How other threads reach a broker thread: which of its connections have something for it, and how it is woken.
final class BrokerThreadInbox: Sendable {
    struct FoundHost {
        var host: String
        var answer: HostResolver.Answer
    }

    private struct State {
        var connectionsWithMail: [BrokerConnection] = []
        var hostsFound: [FoundHost] = []
        var stopDeadline: NIODeadline?
        /// The thread waits, or is about to: the next to put something in must wake it.
        var isThreadAsleep = false
        /// The thread has ended.
        var isShut = false
    }

    /// eventfd: readable wakes the thread.
    let wakeUpDescriptor: Int32
    private let state = Mutex(State())

    init() {
        wakeUpDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
    }

    deinit {
        close(wakeUpDescriptor)
    }

    /// The connection has mail, and had none before. False: the thread has ended.
    func announce(_ connection: BrokerConnection) -> Bool {
        put { state in
            guard !state.isShut else { return false }
            state.connectionsWithMail.append(connection)
            return true
        }
    }

    /// The name server has answered.
    func found(_ host: FoundHost) {
        _ = put { state in
            if !state.isShut { state.hostsFound.append(host) }
            return true
        }
    }

    /// Has the thread look around.
    func wake() {
        _ = put { _ in true }
    }

    /// The thread is to end when all is delivered or the deadline has passed. Until then messages are still taken:
    /// what the broker delivers to the last may have to be reported.
    func requestStop(deadline: NIODeadline) {
        _ = put { state in
            state.stopDeadline = min(deadline, state.stopDeadline ?? deadline)
            return true
        }
    }

    private func put(_ change: (inout State) -> Bool) -> Bool {
        var mustWake = false
        let isDone = state.withLock { state in
            guard change(&state) else { return false }
            mustWake = state.isThreadAsleep
            state.isThreadAsleep = false
            return true
        }
        if mustWake {
            var one: UInt64 = 1
            _ = write(wakeUpDescriptor, &one, 8)
        }
        return isDone
    }

    // MARK: For the broker thread

    /// Exchanges the lists for these, which are empty: their memory is used again.
    func take(_ connections: inout [BrokerConnection], _ hosts: inout [FoundHost]) -> NIODeadline? {
        state.withLock { state in
            state.isThreadAsleep = false
            swap(&state.hostsFound, &hosts)
            swap(&state.connectionsWithMail, &connections)
            return state.stopDeadline
        }
    }

    /// False: something has come meanwhile.
    func threadMaySleep() -> Bool {
        state.withLock { state in
            state.isThreadAsleep = state.connectionsWithMail.isEmpty && state.hostsFound.isEmpty
            return state.isThreadAsleep
        }
    }

    /// The thread ends. Those that have mail which it has not seen.
    func shut() -> [BrokerConnection] {
        state.withLock { state in
            state.isShut = true
            defer { state.connectionsWithMail = [] }
            return state.connectionsWithMail
        }
    }

    func clearWakeUp() {
        var count: UInt64 = 0
        _ = read(wakeUpDescriptor, &count, 8)
    }
}
