import Glibc
import TestSupport

/// Keeps many descriptors open, so that the next ones are beyond what select can take.
final class OpenDescriptors {
    struct NotOpened: Error {}

    private var descriptors: [Int32] = []
    var highest: Int32 { descriptors.max() ?? -1 }

    init(_ count: Int) throws {
        _ = raisedDescriptorLimit
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
