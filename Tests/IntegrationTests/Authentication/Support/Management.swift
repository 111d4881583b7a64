import Foundation
import TestSupport
import Testing

/// The management API of a test's gateway, asked with curl.
struct Management: Sendable {
    struct Answer: Sendable {
        let status: Int
        let body: String
    }

    let port: Int
    private static let secret = "s3cr3t-management"

    init() async throws {
        port = try await freePort()
    }

    var settings: [String: String] {
        [
            "MANAGEMENT_BIND": "127.0.0.1:\(port)", "MANAGEMENT_API_KEY": "tester",
            "MANAGEMENT_API_SECRET": Self.secret,
        ]
    }

    /// - Parameter isBelowAPI: else the path is one for everybody.
    func call(_ method: String, _ path: String, _ body: String = "", isBelowAPI: Bool = true) async throws -> Answer {
        var arguments = ["-s", "-u", "tester:\(Self.secret)", "-X", method, "-w", "\n%{http_code}"]
        if !body.isEmpty { arguments += ["-H", "content-type: application/json", "-d", body] }
        let text = try await run("curl", arguments + ["http://127.0.0.1:\(port)\(isBelowAPI ? "/api/v5" : "")\(path)"])
        #expect(Secrets.leaks(in: text).isEmpty, "\(method) \(path)")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return Answer(
            status: lines.last.flatMap { Int($0) } ?? 0, body: lines.dropLast().joined(separator: "\n"))
    }
}
