import Glibc

/// Keeps many descriptors open, so that the next ones are beyond what select can take.
final class OpenDescriptors {
    struct NotOpened: Error {}

    private var descriptors: [Int32] = []
    var highest: Int32 { descriptors.max() ?? -1 }

    init(_ count: Int) throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        for _ in 0..<count {
            let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw NotOpened() }
            descriptors.append(descriptor)
        }
    }

    deinit {
        for descriptor in descriptors {
            close(descriptor)
        }
    }
}
