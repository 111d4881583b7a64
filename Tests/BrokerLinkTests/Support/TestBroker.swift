import Foundation
import NIOCore
import NIOPosix
import SpawnedProcess
import Synchronization

/// A Mosquitto of the test's own, on a free loopback port, with its files in a temporary folder.
final class TestBroker: Sendable {
    struct DidNotStart: Error {
        var log: String
    }

    let port: Int
    let folder: URL
    private let configuration: URL
    private let running = Mutex<(process: SpawnedProcess, input: Pipe)?>(nil)

    /// - Parameter listener: further lines for the listener; `$FOLDER` is replaced.
    init(listener: [String] = [], anonymous: Bool = true, files: [String: String] = [:]) async throws {
        port = try await freePort()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("broker-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (name, text) in files {
            try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        configuration = folder.appendingPathComponent("mosquitto.conf")
        let lines =
            [
                "user root", "persistence false", "queue_qos0_messages true", "max_queued_messages 100000",
                "allow_anonymous \(anonymous)", "log_dest file $FOLDER/log", "log_type all",
                "listener \(port) 127.0.0.1",
            ] + listener
        try lines.joined(separator: "\n").replacingOccurrences(of: "$FOLDER", with: folder.path)
            .write(to: configuration, atomically: true, encoding: .utf8)
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    var log: String {
        (try? String(contentsOf: folder.appendingPathComponent("log"), encoding: .utf8)) ?? ""
    }

    func start() async throws {
        let process = SpawnedProcess()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The shell kills the broker when its input ends, so also when the test process dies.
        process.arguments = [
            "-c", "mosquitto -c \"$0\" </dev/null & cat >/dev/null; kill -9 $!; wait", configuration.path,
        ]
        let input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        running.withLock { $0 = (process, input) }
        let isReady = await eventually { [port] in await accepts(port: port) }
        guard isReady else { throw DidNotStart(log: log) }
    }

    /// SIGKILL; `start` brings it back on the same port.
    func kill() {
        guard
            let (process, input) = running.withLock({ running in
                defer { running = nil }
                return running
            })
        else { return }
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    static func started(listener: [String] = [], anonymous: Bool = true, files: [String: String] = [:]) async throws
        -> TestBroker
    {
        let broker = try await TestBroker(listener: listener, anonymous: anonymous, files: files)
        try await broker.start()
        return broker
    }
}

/// A port that was free a moment ago and that nobody else here is given. It lies below those of outgoing connections,
/// one of which could take it while a broker restarts.
func freePort() async throws -> Int {
    while true {
        let port = Int.random(in: 10_000..<15_000)
        guard givenPorts.withLock({ $0.insert(port).inserted }),
            let channel = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: port).get()
        else { continue }
        try await channel.close()
        return port
    }
}

private let givenPorts = Mutex<Set<Int>>([])

private func accepts(port: Int) async -> Bool {
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
    guard let channel = try? await bootstrap.connect(host: "127.0.0.1", port: port).get() else { return false }
    try? await channel.close()
    return true
}

/// Polls until the condition holds; false when it never does. The limit is far beyond what a slow machine needs.
func eventually(_ condition: () async -> Bool) async -> Bool {
    let deadline = NIODeadline.now() + .seconds(30)
    while NIODeadline.now() < deadline {
        if await condition() { return true }
        try? await Task.sleep(nanoseconds: 5_000_000)
    }
    return await condition()
}

/// Runs a command to its end and returns what it wrote.
func run(_ command: String, _ arguments: [String]) async throws -> String {
    let process = SpawnedProcess()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [command] + arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    try process.run()
    return await withCheckedContinuation { continuation in
        Thread.detachNewThread {
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            continuation.resume(returning: String(decoding: data, as: UTF8.self))
        }
    }
}
