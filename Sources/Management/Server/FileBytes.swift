import Glibc

/// A whole file of bounded size.
enum FileBytes {
    struct Fault: Error {
        var words: String
    }

    static func read(_ path: String, upTo limit: Int) throws(Fault) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Fault(words: String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Fault(words: String(cString: strerror(errno))) }
            guard count > 0 else { return bytes }
            guard bytes.count + count <= limit else { throw Fault(words: "it is larger than \(limit) bytes") }
            bytes += chunk[..<count]
        }
    }
}
