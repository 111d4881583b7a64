import Foundation
import Glibc
import SpawnedProcess
import Synchronization

/// A database server of a test's own: on a free port of the loopback, with its files in a directory of its own, killed
/// when the tests end.
package final class BackendServer: Sendable {
    package struct Failure: Error, CustomStringConvertible {
        package let description: String

        package init(description: String) {
            self.description = description
        }
    }

    package let directory: String
    package let port: Int
    private let command: [String]
    private let isReady: @Sendable () -> Bool
    private let process = Mutex<SpawnedProcess?>(nil)

    /// - Parameters:
    ///   - command: the program with its arguments; it stays in the foreground and logs to `directory`/server.log.
    ///   - isReady: asked again and again after a start; by default whether the port takes connections.
    package init(
        command: [String], directory: String, port: Int, isReady: (@Sendable () -> Bool)? = nil
    ) {
        self.command = command
        self.directory = directory
        self.port = port
        self.isReady = isReady ?? { Self.takesConnections(port) }
    }

    /// Starts it and waits until it is ready. A server that gives up while it waits is started again: after a kill its
    /// own children may still hold what it needs.
    package func start() throws {
        let end = Date().addingTimeInterval(60)
        repeat {
            let process = try Self.spawn(command, directory: directory)
            while process.isRunning, Date() < end {
                if isReady() {
                    self.process.withLock { $0 = process }
                    Self.running.withLock { _ = $0.insert(process.processIdentifier) }
                    return
                }
                usleep(20_000)
            }
            if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
            usleep(50_000)
        } while Date() < end
        throw Failure(description: "\(command[0]) does not start:\n\(log.suffix(2_000))")
    }

    /// As a power cut would: no word to anybody.
    package func kill() {
        end(by: SIGKILL)
    }

    package func stop() {
        end(by: SIGTERM)
    }

    /// Stopped in its tracks: connections stay open, nothing answers.
    package func freeze() {
        guard let process = process.withLock({ $0?.processIdentifier }) else { return }
        Glibc.kill(process, SIGSTOP)
        // The signal reaches its threads one by one: until then one of them may still answer.
        while !Self.isStopped(process) { usleep(1_000) }
    }

    private static func isStopped(_ process: pid_t) -> Bool {
        let tasks = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process)/task")) ?? []
        return tasks.allSatisfy { task in
            let status = try? String(contentsOfFile: "/proc/\(process)/task/\(task)/status", encoding: .utf8)
            return status?.contains("State:\tT") ?? true
        }
    }

    package func thaw() {
        process.withLock { process in process.map { _ = Glibc.kill($0.processIdentifier, SIGCONT) } }
    }

    package var log: String {
        (try? String(contentsOfFile: directory + "/server.log", encoding: .utf8)) ?? ""
    }

    private func end(by signal: Int32) {
        guard let process = process.withLock({ $0.take() }) else { return }
        // Children that a killed server leaves behind would still answer.
        let children = signal == SIGKILL ? Self.children(of: process.processIdentifier) : []
        for process in [process.processIdentifier] + children { _ = Glibc.kill(process, signal) }
        process.waitUntilExit()
        Self.running.withLock { _ = $0.remove(process.processIdentifier) }
    }

    private static func children(of process: pid_t) -> [pid_t] {
        let list = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        return (list ?? "").split(separator: " ").compactMap { pid_t($0) }
    }

    private static func spawn(_ command: [String], directory: String) throws -> SpawnedProcess {
        let process = SpawnedProcess()
        process.executableURL = try URL(fileURLWithPath: path(of: command[0]))
        process.arguments = Array(command.dropFirst())
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        process.standardInput = FileHandle.nullDevice
        let descriptor = open(directory + "/server.log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw Failure(description: "cannot write into \(directory)") }
        let log = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        process.standardOutput = log
        process.standardError = log
        try process.run()
        return process
    }

    // MARK: What every such server needs

    /// Those that are running are killed with the tests, whatever became of these.
    private static let running: Mutex<Set<pid_t>> = {
        atexit { BackendServer.killAll() }
        return Mutex([])
    }()

    private static func killAll() {
        running.withLock { for process in $0 { _ = Glibc.kill(process, SIGKILL) } }
    }

    /// A directory that is this test run's, where another user's server may write.
    package static func newDirectory(_ name: String, owner: String? = nil) throws -> String {
        let directory = NSTemporaryDirectory() + "/\(name)-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        if let owner, geteuid() == 0 {
            try run(["chown", owner, directory])
        }
        return directory
    }

    package static func takesConnections(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = loopback(port)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private static func loopback(_ port: Int) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return address
    }

    /// Runs a command to its end.
    /// - Returns: What it has written.
    @discardableResult
    package static func run(_ command: [String], input: String = "", environment: [String: String] = [:]) throws
        -> String
    {
        let directory = NSTemporaryDirectory() + "/command-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try input.write(toFile: directory + "/input", atomically: false, encoding: .utf8)
        try "".write(toFile: directory + "/output", atomically: false, encoding: .utf8)
        let process = SpawnedProcess()
        process.executableURL = try URL(fileURLWithPath: path(of: command[0]))
        process.arguments = Array(command.dropFirst())
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.currentDirectoryURL = URL(fileURLWithPath: "/")
        process.standardInput = FileHandle(forReadingAtPath: directory + "/input")
        let output = FileHandle(forWritingAtPath: directory + "/output")
        process.standardOutput = output
        process.standardError = output
        try process.run()
        process.waitUntilExit()
        let text = (try? String(contentsOfFile: directory + "/output", encoding: .utf8)) ?? ""
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw Failure(description: "\(command.joined(separator: " ")) failed:\n\(text)")
        }
        return text
    }

    /// Where a program lies: Debian keeps servers where a user's PATH does not lead.
    package static func path(of program: String) throws -> String {
        if program.hasPrefix("/") { return program }
        let places = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        for place in places + ["/usr/sbin", "/usr/bin", "/usr/local/bin", "/sbin", "/bin"] {
            let path = place + "/" + program
            if access(path, X_OK) == 0 { return path }
        }
        throw Failure(description: "\(program) is not installed")
    }
}
