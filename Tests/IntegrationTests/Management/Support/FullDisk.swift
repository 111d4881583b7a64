import Foundation
import Glibc
import TestSupport
import Testing

/// A folder for a gateway's `data_dir` on a disk that can be full.
final class FullDisk: Sendable {
    enum Kind: String, Sendable, CustomTestStringConvertible {
        /// A small one in memory, which only the gateway sees; who makes it must be allowed to mount.
        case fileSystem = "a file system that is full"
        /// What stands for it where the machine does not allow that: files end at a hundred bytes.
        case fileSizeLimit = "a limit on the size of files"

        var testDescription: String { rawValue }
    }

    private static let filler = "filler"

    private let folder: String
    /// Keeps the file system for as long as it runs.
    private let holder: ChildProcess?

    private init(folder: String, holder: ChildProcess?) {
        self.folder = folder
        self.holder = holder
    }

    deinit { holder?.kill() }

    /// All that can be had on this machine.
    static func kinds() async -> [Kind] {
        let place = FileManager.default.temporaryDirectory.appending(path: "mount-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        return await (try? make(.fileSystem, at: place)) == nil ? [.fileSizeLimit] : [.fileSystem, .fileSizeLimit]
    }

    static func make(_ kind: Kind, at folder: String) async throws -> FullDisk {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        guard kind == .fileSystem else { return FullDisk(folder: folder, holder: nil) }
        let mount = "mount -t tmpfs -o size=8m,mode=700 tmpfs \"$0\" && echo mounted && exec sleep infinity"
        let holder = try await ChildProcess.start(
            try ChildProcess.path(of: "unshare"), ["--mount", "/bin/sh", "-c", mount, folder])
        do {
            _ = try await holder.lines.first("the file system") { $0.text == "mounted" }
        } catch {
            await holder.end()
            throw error
        }
        return FullDisk(folder: folder, holder: holder)
    }

    /// A gateway with its `data_dir` here.
    func start(_ settings: [String: String]) async throws -> GatewayProcess {
        let runner = try holder.map { holder in
            [try ChildProcess.path(of: "nsenter"), "--mount=/proc/\(holder.pid)/ns/mnt", "--"]
        }
        let settings = settings.merging(["DATA_DIR": folder]) { $1 }
        return try await GatewayProcess.start(settings, runner: runner ?? [])
    }

    /// From now on nothing can be written, by this gateway at least.
    func fill(for gateway: GatewayProcess) async throws {
        guard holder != nil else { return try await limit("100", gateway) }
        let descriptor = open(path(Self.filler), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        guard descriptor >= 0 else { throw Failure("\(path(Self.filler)): errno \(errno)") }
        defer { close(descriptor) }
        let page = [UInt8](repeating: 0, count: 4096)
        while write(descriptor, page, page.count) > 0 {}
        guard errno == ENOSPC else { throw Failure("the disk is not full: errno \(errno)") }
    }

    func makeRoom(for gateway: GatewayProcess) async throws {
        guard holder != nil else { return try await limit("unlimited", gateway) }
        try FileManager.default.removeItem(atPath: path(Self.filler))
    }

    private func limit(_ bytes: String, _ gateway: GatewayProcess) async throws {
        let prlimit = try await ChildProcess.start(
            try ChildProcess.path(of: "prlimit"), ["--pid", "\(gateway.child.pid)", "--fsize=\(bytes):"])
        guard try await prlimit.exit().code == 0 else { throw Failure("prlimit: \(await prlimit.wholeOutput())") }
    }

    /// Of a file there, as the test sees it.
    func path(_ name: String) -> String { (holder.map { "/proc/\($0.pid)/root" } ?? "") + "\(folder)/\(name)" }

    func text(_ name: String) -> String? { try? String(contentsOfFile: path(name), encoding: .utf8) }
}
