import Glibc

/// The number of open files, and so of connections, that this process may have.
package enum FileDescriptorLimit {
    /// Raises the soft limit to the hard one.
    ///
    /// - Returns: the limit that holds now; nil when it cannot be read.
    @discardableResult
    package static func raise() -> Int? {
        var limit = rlimit()
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(resource, &limit) == 0 else { return nil }
        let before = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        let isRaised = setrlimit(resource, &limit) == 0
        return Int(clamping: isRaised ? limit.rlim_cur : before)
    }
}
