import Glibc
import Logging

/// Descriptors that this process may have open: one a charge point.
enum OpenFileLimit {
    /// Raises the soft limit to the hard one, and says how many there are then.
    static func raise(logger: Logger) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        logger.info("open files", metadata: ["limit": "\(limit.rlim_cur)"])
    }
}
