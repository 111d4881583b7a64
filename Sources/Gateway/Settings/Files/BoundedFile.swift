import Glibc
import Settings

/// Reads small files whole.
enum BoundedFile {
    enum Failure: Error, Equatable, CustomStringConvertible {
        case system(String)
        case tooLong(Int)
        case isDirectory

        var description: String {
            switch self {
            case .system(let reason): reason
            case .tooLong(let limit): "it is longer than \(limit) bytes"
            case .isDirectory: "it is a directory"
            }
        }
    }

    /// - Throws: when it cannot be opened or read, or holds more than `limit` bytes.
    static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
        // Not blocking: a FIFO without a writer must not hang the start.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { return bytes }
            guard count > 0 else {
                if errno == EINTR { continue }
                // A pipe whose writer has not come to it yet, as with a shell's <(command).
                if errno == EAGAIN, isReadable(descriptor) { continue }
                throw errno == EISDIR ? .isDirectory : .system(String(cString: strerror(errno)))
            }
            bytes += chunk[..<count]
            guard bytes.count <= limit else { throw .tooLong(limit) }
        }
    }

    private static func isReadable(_ descriptor: CInt) -> Bool {
        var wanted = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&wanted, 1, 5000) > 0
    }

    /// For the files that settings name.
    static let reader: SettingsReader.FileReader = { path, limit throws(SettingFlaw) in
        do throws(Failure) { return try read(path, limit: limit) } catch { throw SettingFlaw(error.description) }
    }

    /// Nil when the file can be opened for reading.
    static func obstacle(to path: String) -> String? {
        do {
            _ = try read(path, limit: 16 * 1024 * 1024)
            return nil
        } catch {
            return error.description
        }
    }
}
