import Glibc

/// Reads files whole that somebody outside names, and that may be anything: bounded in bytes and in time.
package enum BoundedFile {
    /// Why a file cannot be read; for the operator.
    package enum Failure: Error, Equatable, CustomStringConvertible {
        /// In the system's words.
        case system(String)
        /// It holds more than so many bytes.
        case tooLong(Int)
        case isDirectory

        package var description: String {
            switch self {
            case .system(let reason): reason
            case .tooLong(let limit): "it is longer than \(limit) bytes"
            case .isDirectory: "it is a directory"
            }
        }
    }

    /// How long the writer of a pipe may take, all in all.
    private static let patience = Duration.seconds(5)

    /// Waits for the writer of a pipe, as with a shell's `<(command)`: for the start, not for a thread that serves others.
    ///
    /// - Throws: when it cannot be opened or read, or holds more than `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        let deadline = ContinuousClock.now + patience
        return try read(descriptor: open(path), limit: limit) { isReadable($0, by: deadline) }
    }

    /// Never waits; of a pipe it is what has been written by now.
    package static func readAtOnce(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        try read(descriptor: open(path), limit: limit) { _ in false }
    }

    /// Never waits.
    ///
    /// - Returns: nil for what is no regular file: a pipe can be read only once.
    package static func readRegular(_ path: String, limit: Int) throws(Failure) -> [UInt8]? {
        let descriptor = try open(path)
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let failure = Failure.last
            close(descriptor)
            throw failure
        }
        guard [S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) else {
            close(descriptor)
            return nil
        }
        return try read(descriptor: descriptor, limit: limit) { _ in false }
    }

    /// Nil when the file can be opened and read, up to 16 MB.
    package static func obstacle(to path: String) -> String? {
        do {
            _ = try read(path, limit: 16 * 1024 * 1024)
            return nil
        } catch {
            return error.description
        }
    }

    private static func open(_ path: String) throws(Failure) -> CInt {
        // Not blocking: a FIFO without a writer must hold nobody up.
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .last }
        return descriptor
    }

    /// - Parameter isWorthWaiting: the descriptor has nothing to read by now; true: it has by the time this returns.
    private static func read(
        descriptor: CInt, limit: Int, _ isWorthWaiting: (CInt) -> Bool
    ) throws(Failure) -> [UInt8] {
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                let failure = Failure.last
                if errno == EINTR || errno == EAGAIN && isWorthWaiting(descriptor) { continue }
                throw failure
            }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .tooLong(limit) }
        }
    }

    private static func isReadable(_ descriptor: CInt, by deadline: ContinuousClock.Instant) -> Bool {
        let left = (deadline - .now) / .milliseconds(1)
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return left > 0 && poll(&wanted, 1, Int32(left)) > 0
    }
}

extension BoundedFile.Failure {
    /// From `errno`.
    fileprivate static var last: Self {
        errno == EISDIR ? .isDirectory : .system(String(cString: strerror(errno)))
    }
}
