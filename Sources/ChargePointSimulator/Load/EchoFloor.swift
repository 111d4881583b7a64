import Foundation

/// The same load on a bare WebSocket echo, which is a process of its own so that its CPU time can be told from ours.
package struct EchoFloor: Sendable {
    private let count: Int
    private let open: Int
    private let payloadBytes: Int
    private let warmUp: Duration
    private let duration: Duration

    package init(count: Int, open: Int, payloadBytes: Int, warmUp: Duration, duration: Duration) {
        self.count = count
        self.open = open
        self.payloadBytes = payloadBytes
        self.warmUp = warmUp
        self.duration = duration
    }

    package struct NoServer: Error, CustomStringConvertible {
        package var description: String { "the echo server did not start" }
    }

    /// - Parameter command: what starts the echo server; it writes its port to standard output.
    package func run(
        command: [String], progress: @escaping @Sendable (String) -> Void
    ) async throws -> LoadReport {
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        server.arguments = command
        let output = Pipe()
        server.standardOutput = output
        try server.run()
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        guard let port = Int(line.trimmingCharacters(in: .whitespacesAndNewlines)) else { throw NoServer() }
        var target = try LoadTarget(endpoint: CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)\(EchoServer.path)"))
        target.payloadBytes = payloadBytes
        var plan = LoadRun.Plan(mode: .closed(open: open), target: target, count: count)
        plan.warmUp = warmUp
        plan.duration = duration
        plan.gateway = server.processIdentifier
        var report = try await LoadRun(plan).run(progress: progress)
        report.mode = "floor-echo"
        return report
    }
}
