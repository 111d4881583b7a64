import Glibc
import Logging
import NIOCore
import Synchronization

/// Keeps some of the process's descriptors from charge points: the broker link, files and the management interface
/// need theirs, and an accept that fails for want of one would be tried again at once, for ever.
final class DescriptorReserve: Sendable {
    /// How long accepting pauses before it looks again.
    private static let pause = TimeAmount.milliseconds(250)
    private static let reportInterval = TimeAmount.seconds(10)

    /// The highest number a descriptor may have and still be given to a charge point.
    private let highest: Int32
    private let nextReport = Mutex(NIODeadline.uptimeNanoseconds(0))
    private let logger: Logger

    /// - Parameter limit: `RLIMIT_NOFILE`.
    init(limit: Int = DescriptorReserve.limit, logger: Logger) {
        highest = Int32(clamping: limit - min(max(limit / 20, 16), 256))
        self.logger = logger
    }

    private static var limit: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        return Int(clamping: limit.rlim_cur)
    }

    /// When the next connection may be accepted.
    func nextAccept(now: NIODeadline) -> NIODeadline {
        guard isTouched else { return now }
        let mustReport = nextReport.withLock { nextReport in
            guard now >= nextReport else { return false }
            nextReport = now + Self.reportInterval
            return true
        }
        if mustReport {
            logger.error(
                "nearly out of descriptors: no connections are accepted until some are closed",
                metadata: ["reserve_from": "\(highest)"])
        }
        return now + Self.pause
    }

    /// The kernel gives the lowest number that is free, so a high one says that those below are taken.
    private var isTouched: Bool {
        let descriptor = dup(STDERR_FILENO)
        guard descriptor >= 0 else { return errno == EMFILE || errno == ENFILE }
        close(descriptor)
        return descriptor > highest
    }
}
