import Glibc
import Logging
import ServiceLifecycle
import UnixSignals

/// The signals that the service group leaves to us: a second one to stop ends the process at once, and SIGHUP
/// has files read again (behaviour.md, "Stopping").
struct StopSignals: Service {
    let signals: UnixSignalsSequence
    let logger: Logger
    let flushLog: @Sendable () -> Void
    let reloadFiles: @Sendable () async -> Void

    /// Traps the signals from now on: before anything else runs, or a hang-up in the first moment would be the end.
    init(
        logger: Logger, flushLog: @escaping @Sendable () -> Void, reloadFiles: @escaping @Sendable () async -> Void
    ) async {
        signals = await UnixSignalsSequence(trapping: .sigterm, .sigint, .sighup)
        self.logger = logger
        self.flushLog = flushLog
        self.reloadFiles = reloadFiles
    }

    func run() async throws {
        var stops = 0
        for await signal in signals.cancelOnGracefulShutdown() {
            if signal == .sighup {
                await reloadFiles()
                continue
            }
            stops += 1
            guard stops > 1 else { continue }
            logger.critical("second signal: stopping at once, what is pending is not delivered")
            flushLog()
            // The shell's convention for "ended by a signal".
            _exit(128 + signal.number)
        }
    }
}

extension UnixSignal {
    fileprivate var number: Int32 {
        self == .sigint ? SIGINT : SIGTERM
    }
}
