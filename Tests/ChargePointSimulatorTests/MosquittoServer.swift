import Foundation
import NIOCore
import NIOPosix
import SpawnedProcess
import Testing

/// A Mosquitto of the test's own on a free port of the loopback.
final class MosquittoServer: Sendable {
    let port: Int
    private let process: SpawnedProcess
    private let input: Pipe
    private let folder: URL

    init() async throws {
        let probe = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        port = try #require(probe.localAddress?.port)
        try await probe.close().get()
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("simulator-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let configuration = folder.appendingPathComponent("mosquitto.conf")
        try "listener \(port) 127.0.0.1\nallow_anonymous true\npersistence false\n"
            .write(to: configuration, atomically: true, encoding: .utf8)
        process = SpawnedProcess()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        // The shell ends the broker when its input ends: also when the test process dies.
        process.arguments = [
            "-c", "mosquitto -c \"$0\" </dev/null & cat >/dev/null; kill -9 $!; wait", configuration.path,
        ]
        input = Pipe()
        process.standardInput = input
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }
}
