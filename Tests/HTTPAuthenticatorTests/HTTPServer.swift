import Foundation
import SpawnedProcess

/// The Python server of `Resources/server.py`.
final class HTTPServer: Sendable {
    struct Request: Decodable, Sendable {
        var method: String
        var path: String
        var fields: [String: String]
        var headers: [String: String]
        /// That TLS has asked for; nil: none.
        var serverName: String?
    }

    let port: Int
    private let process: SpawnedProcess
    private let output: Pipe

    /// - Parameters:
    ///   - port: nil: a free one.
    ///   - tls: files of its certificate and key, and of the authority that clients must have one of.
    init(port: Int? = nil, tls: [URL] = []) throws {
        let file = URL(filePath: #filePath).deletingLastPathComponent()
        let package = file.deletingLastPathComponent().deletingLastPathComponent()
        process = SpawnedProcess()
        output = Pipe()
        process.executableURL = package.appending(path: ".build/python/bin/python")
        process.arguments =
            [file.appending(path: "Resources/server.py").path(), "\(port ?? 0)"] + tls.map { $0.path() }
        process.standardOutput = output
        process.standardError = FileHandle.standardError
        try process.run()
        self.port = try Int(Self.line(from: output)) ?? 0
    }

    /// The next request that has come.
    func request() throws -> Request {
        try JSONDecoder().decode(Request.self, from: Data(Self.line(from: output).utf8))
    }

    /// A line of the server's; waits for it.
    private static func line(from pipe: Pipe) throws -> String {
        var line: [UInt8] = []
        while let byte = try pipe.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            line.append(byte)
        }
        return String(decoding: line, as: UTF8.self)
    }

    func kill() {
        Glibc.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    deinit {
        kill()
    }
}
