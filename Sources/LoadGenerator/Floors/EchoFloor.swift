import ClientEndpoints
import Foundation

/// The same load on a bare WebSocket echo, which is a process of its own so that its CPU time can be told from ours.
package enum EchoFloor {
    package struct NoServer: Error, CustomStringConvertible {
        package var description: String { "the echo server did not start" }
    }

    /// - Parameters:
    ///   - command: what starts the echo server; it writes its port to standard output.
    ///   - adjust: makes the plan complete.
    package static func run(
        count: Int, open: Int, command: [String], progress: @escaping @Sendable (String) -> Void,
        adjust: (inout LoadRun.Plan) throws -> Void
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
        let target = try LoadTarget(endpoint: CentralSystemEndpoint(url: "ws://127.0.0.1:\(port)\(EchoServer.path)"))
        var plan = LoadRun.Plan(mode: .closed(open: open), target: target, count: count)
        try adjust(&plan)
        plan.gateway = server.processIdentifier
        var report = try await LoadRun(plan).run(progress: progress)
        report.mode = "floor-echo"
        return report
    }
}
