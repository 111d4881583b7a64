import CMosquitto
import Glibc
import NIOCore
import Synchronization

/// A POSIX thread whose end can be awaited.
final class ThreadOfConnection: Sendable {
    private struct State {
        var isFinished = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter = 0
        var handle: pthread_t?
    }

    private final class Start: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    private let state = Mutex(State())

    init(name: String, body: @escaping @Sendable () -> Void) {
        let start = Start { [self] in
            cmosquitto_name_thread(name)
            body()
            finish()
        }
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, Self.main, Unmanaged.passRetained(start).toOpaque())
        precondition(code == 0, "no thread for a broker connection: \(String(cString: strerror(code)))")
        state.withLock { $0.handle = handle }
    }

    /// Starts a thread that nobody waits for; it may outlive everything but the process.
    static func detached(name: String, body: @escaping @Sendable () -> Void) {
        let start = Start {
            cmosquitto_name_thread(name)
            body()
        }
        var handle = pthread_t()
        let code = pthread_create(&handle, nil, main, Unmanaged.passRetained(start).toOpaque())
        precondition(code == 0, "no thread: \(String(cString: strerror(code)))")
        pthread_detach(handle)
    }

    private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { argument in
        argument.map { Unmanaged<Start>.fromOpaque($0).takeRetainedValue().body() }
        return nil
    }

    private func finish() {
        let waiters = state.withLock { state in
            state.isFinished = true
            defer { state.waiters.removeAll() }
            return state.waiters.values
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    /// Waits until the thread has ended and joins it; after the deadline it is left to itself.
    func end(deadline: NIODeadline) async {
        let waiter = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        var timer: Task<Void, Never>?
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                if !state.isFinished {
                    state.waiters[waiter] = continuation
                }
                return state.isFinished
            }
            guard !isFinished else { return continuation.resume() }
            timer = Task { [self] in
                try? await Task.sleep(nanoseconds: UInt64(max(0, (deadline - .now()).nanoseconds)))
                state.withLock { $0.waiters.removeValue(forKey: waiter) }?.resume()
            }
        }
        timer?.cancel()
        let (handle, isFinished) = state.withLock { state in
            defer { state.handle = nil }
            return (state.handle, state.isFinished)
        }
        guard let handle else { return }
        if isFinished {
            pthread_join(handle, nil)
        } else {
            pthread_detach(handle)
        }
    }
}
