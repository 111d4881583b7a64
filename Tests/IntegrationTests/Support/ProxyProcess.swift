import Foundation
import TestSupport

/// A HAProxy or an nginx of a test's own, with its own configuration and folder.
final class ProxyProcess: Sendable {
    let folder: URL
    private let child: ChildProcess

    private init(folder: URL, child: ChildProcess) {
        self.folder = folder
        self.child = child
    }

    /// - Parameter configuration: Is given the folder that it may use.
    static func haproxy(_ configuration: (URL) async throws -> String) async throws -> ProxyProcess {
        try await start("haproxy", configuration) { ["-db", "-f", $0.appending(path: "proxy.conf").path] }
    }

    /// - Parameter configuration: Is given the folder that it may use.
    static func nginx(_ configuration: (URL) async throws -> String) async throws -> ProxyProcess {
        try await start("nginx", configuration) { folder in
            ["-p", folder.path, "-e", "stderr", "-c", folder.appending(path: "proxy.conf").path]
        }
    }

    private static func start(
        _ program: String, _ configuration: (URL) async throws -> String, arguments: (URL) -> [String]
    ) async throws -> ProxyProcess {
        let executable = try ChildProcess.path(of: program)
        let folder = FileManager.default.temporaryDirectory.appending(path: "\(program)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        do {
            let text = try await configuration(folder)
            try text.write(to: folder.appending(path: "proxy.conf"), atomically: true, encoding: .utf8)
            let child = try await ChildProcess.start(executable, arguments(folder), directory: folder.path)
            return ProxyProcess(folder: folder, child: child)
        } catch {
            try? FileManager.default.removeItem(at: folder)
            throw error
        }
    }

    /// Waits until it listens.
    func listens(on port: Int) async throws {
        try await eventually("\(folder.lastPathComponent) on port \(port)\n\(child.output)") {
            guard child.isRunning else { throw Failure("it has ended:\n\(child.output)") }
            return await accepts(port: port)
        }
    }

    func remove() async {
        await child.end()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a test with a proxy that is gone when the test ends, well or not.
    static func run(
        _ proxy: ProxyProcess, port: Int, _ body: () async throws -> Void
    ) async throws {
        do {
            try await proxy.listens(on: port)
            try await body()
        } catch {
            await proxy.remove()
            throw Failure("\(error)\n  The proxy said:\n\(proxy.child.output)")
        }
        await proxy.remove()
    }
}
