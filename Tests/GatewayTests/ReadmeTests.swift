import Foundation
import Testing

@testable import Gateway

@Suite("The README")
struct ReadmeTests {
    private static let text: String = {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return (try? String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)) ?? ""
    }()

    /// The fenced block below a heading, line by line.
    private static func block(below heading: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let fenced = lines.drop { $0 != "## \(heading)" }.drop { $0 != "```" }.dropFirst()
        return Array(fenced.prefix { $0 != "```" })
    }

    @Test
    func `Its configuration is an env file: whole-line comments and KEY=VALUE, nothing behind a value`() throws {
        let lines = Self.block(below: "Configuration by example")
        var environment: [String: String] = [:]
        for line in lines where !line.hasPrefix("#") {
            // As `docker run --env-file` reads it: what is behind the = is the value, to the end of the line.
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            try #require(parts.count == 2, "\(line)")
            environment[String(parts[0])] = String(parts[1])
        }
        #expect(environment.count >= 8)
        // Without a warning but that everyone is let in; nor is a variable there that nothing reads.
        #expect(try warnings(environment).isEmpty)
        let loaded = try load(environment).configuration
        #expect(loaded.broker.addresses.map(\.description) == ["mqtt://broker.example:1883"])
        #expect(loaded.formatChecking.mode == .all)
    }

    @Test
    func `Its commands are there to be copied: no prompt, and options that exist`() {
        #expect(Self.text.contains("run --url ws://127.0.0.1:33033/ocpp --count 1 --idle\n"))
    }
}
