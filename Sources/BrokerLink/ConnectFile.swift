import Glibc

/// A file that is read anew for each connection to the broker.
enum ConnectFile {
    /// Nothing that belongs here is larger; a bundle of all public authorities has a quarter of a megabyte.
    static let mostBytes = 16 << 20

    /// By which a changed file is known, mostly; nil: there is none.
    struct Stamp: Equatable {
        private let numbers: [Int64]

        init?(of path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            numbers = [
                Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino),
                Int64(status.st_size), Int64(status.st_mtim.tv_sec), Int64(status.st_mtim.tv_nsec),
                Int64(status.st_ctim.tv_sec), Int64(status.st_ctim.tv_nsec),
            ]
        }
    }

    struct Failure: Error, Equatable {
        var reason: String
    }

    /// - Returns: nil for what is no regular file: a pipe can be read once only, which was at the start.
    static func read(_ path: String, limit: Int = mostBytes) throws(Failure) -> [UInt8]? {
        // Not blocking: the broker thread must not wait for whoever writes to a FIFO.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Self.failure() }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.failure() }
        if status.st_mode & S_IFMT == S_IFDIR { throw Failure(reason: String(cString: strerror(EISDIR))) }
        guard status.st_mode & S_IFMT == S_IFREG else { return nil }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                throw Self.failure()
            }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw Failure(reason: "it is longer than \(limit) bytes") }
        }
    }

    private static func failure() -> Failure { Failure(reason: String(cString: strerror(errno))) }
}
