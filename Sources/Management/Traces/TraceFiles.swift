import Glibc
import NIOCore
import NIOPosix

/// The files of the traces, `NAME.json` and `NAME.log`. Everything is done on threads for such work: a disk that hangs
/// holds up nobody who asks for something else.
struct TraceFiles: Sendable {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private let directory: String

    init(directory: String) {
        self.directory = directory
    }

    /// Makes the folder, and reads what is in it.
    func load(now: Timestamp) async throws -> [Trace] {
        try await run {
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw Self.fault("mkdir") }
            guard let entries = opendir(directory) else { throw Self.fault("opendir") }
            defer { closedir(entries) }
            var traces: [Trace] = []
            while let entry = readdir(entries), traces.count < Trace.most {
                let file = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                guard file.hasSuffix(".json"), Trace.isName(String(file.dropLast(5))) else { continue }
                if let trace = read(file) { traces.append(trace) }
            }
            return traces
        }
    }

    /// What is not as we have written it is none of ours.
    private func read(_ file: String) -> Trace? {
        guard let bytes = try? FileBytes.read("\(directory)/\(file)", upTo: 65_536),
            let members = try? JSON(reading: ByteBuffer(bytes: bytes)).members
        else { return nil }
        // One that is over is read as of its beginning, else it would be refused.
        guard var trace = try? Trace(reading: members, now: Timestamp(millisecondsSince1970: 0)) else { return nil }
        trace.isStopped = members.value(of: "stopped")?.bool ?? false
        return "\(trace.name).json" == file ? trace : nil
    }

    func save(_ trace: Trace) async throws {
        var writer = JSONWriter()
        writer.value(.object((trace.json.members ?? []) + [JSON.Member("stopped", .bool(trace.isStopped))]))
        let bytes = Array(writer.bytes.readableBytesView)
        try await run {
            let path = "\(directory)/\(trace.name).json"
            try Self.write(bytes, to: path + ".new", flags: O_WRONLY | O_CREAT | O_TRUNC)
            guard rename(path + ".new", path) == 0 else { throw Self.fault("rename") }
        }
    }

    /// - Returns: The file's size.
    func append(_ text: String, to name: String) async throws -> Int {
        try await run {
            try Self.write(Array(text.utf8), to: log(name), flags: O_WRONLY | O_CREAT | O_APPEND)
            return Self.size(log(name))
        }
    }

    func size(of name: String) async -> Int {
        (try? await run { Self.size(log(name)) }) ?? 0
    }

    /// - Returns: At most `count` bytes from `position` on; none at the end.
    func read(_ name: String, from position: Int, count: Int) async throws -> [UInt8] {
        try await run {
            let descriptor = open(log(name), O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else {
                guard errno == ENOENT else { throw Self.fault("open") }
                return []
            }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: count)
            let read = pread(descriptor, &bytes, count, off_t(position))
            guard read >= 0 else { throw Self.fault("read") }
            return Array(bytes[..<read])
        }
    }

    func delete(_ name: String) async throws {
        try await run {
            for path in [log(name), "\(directory)/\(name).json"] {
                guard unlink(path) == 0 || errno == ENOENT else { throw Self.fault("unlink") }
            }
        }
    }

    private func log(_ name: String) -> String { "\(directory)/\(name).log" }

    private func run<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    private static func write(_ bytes: [UInt8], to path: String, flags: Int32) throws {
        let descriptor = open(path, flags | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw fault("open") }
        defer { close(descriptor) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw fault("write") }
            rest = rest.dropFirst(count)
        }
    }

    private static func fault(_ what: String) -> Fault {
        Fault(description: "\(what): \(String(cString: strerror(errno)))")
    }
}
