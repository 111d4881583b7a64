import Foundation
import Glibc

/// A server program of a test's own: on a free port of the loopback interface, with a folder of its own below the
/// temporary one. It is killed and its folder removed when nobody holds it any more, and it does not outlive the test
/// run, however that ends.
///
/// In arguments, environment and files `$PORT` and `$FOLDER` stand for these two.
package actor TestServer {
    /// When it has started.
    package enum Readiness: Sendable {
        /// A TCP connection to its port succeeds.
        case accepts
        /// It writes a line with this text, to standard output or standard error.
        case prints(String)
    }

    /// What stands for what in the texts of its own.
    private struct Place: Sendable {
        let port: Int
        let folder: URL

        func filled(_ text: String) -> String {
            text.replacingOccurrences(of: "$PORT", with: "\(port)")
                .replacingOccurrences(of: "$FOLDER", with: folder.path)
        }
    }

    package nonisolated var port: Int { place.port }
    package nonisolated var folder: URL { place.folder }
    private nonisolated let place: Place
    private let program: String
    private let arguments: [String]
    private let environment: [String: String]
    private let user: String?
    private let readiness: Readiness
    private var child: ChildProcess?
    /// What it wrote before the last `start`.
    private var earlierOutput: [String] = []

    /// A server that does not run yet; its port and folder are known.
    ///
    /// - Parameters:
    ///   - program: a name, looked for in `PATH` and where servers are (`ChildProcess.path(of:)`), or a path.
    ///   - user: who runs it and owns its folder, with the group of the same name, when the tests run as root, which
    ///     some servers refuse to run as.
    ///   - files: texts by their names in the folder.
    /// - Throws: `Failure` when the program is not installed: no test passes without its server.
    package init(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], files: [String: String] = [:],
        user: String? = nil, readiness: Readiness = .accepts
    ) async throws {
        self.program = try ChildProcess.path(of: program)
        self.user = geteuid() == 0 ? user : nil
        self.readiness = readiness
        let port = try freePort()
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "\((program as NSString).lastPathComponent)-\(UUID().uuidString)")
        let place = Place(port: port, folder: folder)
        self.place = place
        self.arguments = arguments.map(place.filled)
        self.environment = environment.mapValues(place.filled)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let texts = files.map { (folder.appending(path: $0), place.filled($1)) }
        for (file, text) in texts { try text.write(to: file, atomically: true, encoding: .utf8) }
        guard let user = self.user else { return }
        for path in [folder.path] + texts.map(\.0.path) {
            try FileManager.default.setAttributes(
                [.ownerAccountName: user, .groupOwnerAccountName: user], ofItemAtPath: path)
        }
    }

    /// The same, running.
    package static func started(
        _ program: String, _ arguments: [String], environment: [String: String] = [:], files: [String: String] = [:],
        user: String? = nil, readiness: Readiness = .accepts
    ) async throws -> TestServer {
        let server = try await TestServer(
            program, arguments, environment: environment, files: files, user: user, readiness: readiness)
        try await server.start()
        return server
    }

    deinit {
        child?.kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Runs a command as the server's user, in its folder, to its end: what makes its database, say.
    ///
    /// - Returns: what it wrote.
    /// - Throws: `Failure` with what it wrote when it does not end with 0.
    @discardableResult
    package func run(_ program: String, _ arguments: [String]) async throws -> String {
        let command = try await ChildProcess.start(
            try ChildProcess.path(of: program), arguments.map(place.filled),
            environment: environment, directory: folder.path, user: user)
        let exit = try await command.exit(within: 120)
        let output = await command.wholeOutput()
        guard exit.code == 0 else { throw Failure("\(program) ended with \(exit.code):\n\(output)") }
        return output
    }

    /// Starts it, for the first time or again after its end, on the same port and with the same folder.
    ///
    /// - Throws: `Failure` with what it wrote when it ends instead.
    package func start() async throws {
        guard child == nil else { throw Failure("\(program) runs already") }
        let started = try await ChildProcess.start(
            program, arguments, environment: environment, directory: folder.path, user: user)
        child = started
        do {
            switch readiness {
            case .prints(let text):
                _ = try await started.lines.first("\"\(text)\"", within: .seconds(180)) { $0.text.contains(text) }
            case .accepts:
                try await eventually("port \(port)", within: .seconds(180)) { [port] in
                    guard started.isRunning else { throw Failure("it has ended") }
                    return await accepts(port: port)
                }
            }
        } catch {
            // What it has said may still be on its way.
            if !started.isRunning { _ = await started.wholeOutput() }
            await kill()
            throw Failure("\(program) did not start: \(error)\n\(output)")
        }
    }

    /// Ends it as a power failure would (SIGKILL).
    package func kill() async {
        await end { await $0.end() }
    }

    /// Ends it as it wishes (SIGTERM).
    ///
    /// - Throws: when it does not end.
    package func stop() async throws {
        try await end { child in
            child.send(signal: SIGTERM)
            try await child.exit()
        }
    }

    /// SIGSTOP has connections stay and nobody answer, until SIGCONT.
    package func send(signal: Int32) {
        child?.send(signal: signal)
    }

    /// For good, with its folder; without it this happens when nobody holds it any more.
    package func remove() async {
        await kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// All that it has written, in all its lives.
    package var output: String {
        (earlierOutput + (child.map { $0.lines.all.map(\.text) } ?? [])).joined(separator: "\n")
    }

    private func end(_ how: (ChildProcess) async throws -> Void) async rethrows {
        guard let child else { return }
        try await how(child)
        earlierOutput += child.lines.all.map(\.text)
        self.child = nil
    }
}
