import Glibc

/// A file of certificates, keys or revocation lists.
enum TLSFile {
    /// In bytes; the revocation list of a large authority has a few megabytes.
    static let limit = 64 * 1024 * 1024

    /// What changes when the file behind a path is written or replaced; links are followed.
    struct Fingerprint: Equatable {
        private var device: UInt64 = 0
        private var inode: UInt64 = 0
        private var size: Int64 = -1
        private var seconds = 0
        private var nanoseconds = 0

        init(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return }
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            seconds = status.st_mtim.tv_sec
            nanoseconds = status.st_mtim.tv_nsec
        }
    }

    static func read(_ path: String, _ option: TLSProblem.Option) throws(TLSProblem) -> [UInt8] {
        do throws(Unreadable) {
            return try read(path)
        } catch {
            throw TLSProblem(option: option, reason: "expected a file that can be read: \(error.reason)")
        }
    }

    private struct Unreadable: Error {
        var reason: String
    }

    private static func read(_ path: String) throws(Unreadable) -> [UInt8] {
        // Not blocking: a FIFO without a writer must not hang the gateway.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Unreadable(reason: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Unreadable(reason: String(cString: strerror(errno)))
            }
            bytes += chunk[..<count]
            guard bytes.count <= Self.limit else { throw Unreadable(reason: "longer than \(Self.limit) bytes") }
        }
    }
}
