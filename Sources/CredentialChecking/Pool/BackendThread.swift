import Dispatch
import Glibc

/// A thread that may wait in a library's call for as long as that takes.
final class BackendThread: Sendable {
    private let alarm = DispatchSemaphore(value: 0)

    private final class Start: Sendable {
        let body: @Sendable () -> Void

        init(body: @escaping @Sendable () -> Void) {
            self.body = body
        }
    }

    /// - Parameter name: as `top -H` shows it, 15 bytes.
    /// - Returns: false: the system has no thread for us.
    func start(name: String, body: @escaping @Sendable () -> Void) -> Bool {
        let start = Unmanaged.passRetained(
            Start {
                Self.nameThread(name)
                body()
            })
        var handle = pthread_t()
        let code = pthread_create(
            &handle, nil,
            { argument in
                argument.map { Unmanaged<Start>.fromOpaque($0).takeRetainedValue().body() }
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            return false
        }
        pthread_detach(handle)
        return true
    }

    /// From any thread; one that is not asleep does not fall asleep the next time.
    func wake() {
        alarm.signal()
    }

    /// On the thread itself. May return early.
    func sleep(until instant: ContinuousClock.Instant?) {
        guard let instant else { return alarm.wait() }
        let (seconds, attoseconds) = ContinuousClock.now.duration(to: instant).components
        let nanoseconds = Int(min(seconds, 86_400)) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
        // Rounded up, or the last wake-ups before the instant would be too many.
        _ = alarm.wait(timeout: .now() + .nanoseconds(max(0, nanoseconds) + 1_000))
    }

    /// `prctl` is variadic and `pthread_setname_np` not imported.
    private static func nameThread(_ name: String) {
        let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = name.withCString { write(descriptor, $0, min(strlen($0), 15)) }
        close(descriptor)
    }
}
