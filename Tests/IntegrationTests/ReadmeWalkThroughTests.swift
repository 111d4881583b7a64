import Foundation
import TestSupport
import Testing

/// "A charge point's first message" of README.md, as it is printed there: whoever copies a line gets what stands below.
@Suite struct ReadmeWalkThroughTests {
    /// A fenced block of the section.
    private enum Block: Equatable {
        case command(String)
        /// A line that appears in the first terminal; `…` is anything.
        case expected(String)
    }

    private static func blocks() throws -> [Block] {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: folder.appending(path: "README.md"), encoding: .utf8)
        let section = text.split(separator: "\n## ").first { $0.hasPrefix("A charge point's first message\n") }
        var blocks: [Block] = []
        for (index, part) in (section ?? "").split(separator: "```", omittingEmptySubsequences: false).enumerated()
        where index % 2 == 1 {
            for line in part.split(separator: "\n") {
                blocks.append(line.hasPrefix("ocpp/") ? .expected(String(line)) : .command(String(line)))
            }
        }
        return blocks
    }

    /// The terminals: their folder is the repository's, as far as the lines go, and where `run.sh` would have a broker
    /// on 1883 and a gateway on 33033 are those of the test.
    private final class Terminals {
        private let folder: URL
        private var children: [ChildProcess] = []

        init(_ site: Site) throws {
            folder = FileManager.default.temporaryDirectory.appending(path: "readme-\(UUID().uuidString)")
            let programs = folder.appending(path: ".build/release")
            try FileManager.default.createDirectory(at: programs, withIntermediateDirectories: true)
            // What the tools take for the default port.
            for tool in ["mosquitto_sub", "mosquitto_pub"] {
                try "-p \(site.broker.port)\n".write(
                    to: folder.appending(path: tool), atomically: true, encoding: .utf8)
            }
            let built = (GatewayProcess.executable as NSString).deletingLastPathComponent
            let simulator = programs.appending(path: "charge-point-simulator")
            try """
            #!/bin/bash
            arguments=("${@//127.0.0.1:33033/127.0.0.1:\(site.port)}")
            exec '\(built)/charge-point-simulator' "${arguments[@]//127.0.0.1:1883/127.0.0.1:\(site.broker.port)}"

            """.write(to: simulator, atomically: true, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: simulator.path)
        }

        func run(_ line: String) async throws -> ChildProcess {
            let child = try await ChildProcess.start(
                "/bin/bash", ["-c", line], environment: ["XDG_CONFIG_HOME": folder.path], directory: folder.path)
            children.append(child)
            return child
        }

        func close() async {
            for child in children { await child.end() }
            try? FileManager.default.removeItem(at: folder)
        }
    }

    private func withTerminals(_ body: @escaping @Sendable (Site, Terminals) async throws -> Void) async throws {
        try await withSite(weight: 2) { site in
            // Whoever reads along is the central system.
            site.central.onCall { _ in .none }
            let terminals = try Terminals(site)
            do {
                try await body(site, terminals)
            } catch {
                await terminals.close()
                throw error
            }
            await terminals.close()
        }
    }

    private func watch(_ line: String, _ terminals: Terminals, _ site: Site) async throws -> ChildProcess {
        let watcher = try await terminals.run(line)
        try await eventually("the watcher's subscription") {
            site.broker.lines.contains { $0.hasSuffix(" ocpp/#") }
        }
        return watcher
    }

    @Test func `Its lines do what it says: a first message, its answer, a command and its answer`() async throws {
        let blocks = try Self.blocks()
        try await withTerminals { site, terminals in
            guard case .command(let first) = blocks.first, first.hasPrefix("mosquitto_sub ") else {
                throw Failure("the first line is not the watcher's: \(blocks.prefix(1))")
            }
            let watcher = try await watch(first, terminals, site)
            var seen: [String] = []
            for block in blocks.dropFirst() {
                switch block {
                case .command(let line) where line.hasPrefix("mosquitto_pub "):
                    if line.contains("RemoteStartTransaction") {
                        // Those that the README speaks of. Without answers they come 25 s apart.
                        for _ in 1...2 {
                            let status = try await site.central.received.take("a StatusNotification") {
                                $0.action == "StatusNotification"
                            }
                            site.central.answer(status, of: "CP0001", with: .result("{}"))
                        }
                    }
                    let published = try await terminals.run(line)
                    #expect(try await published.exit().code == 0, "\(line)\n\(published.output)")
                case .command(let line):
                    guard line.contains(" run ") && line.contains("--idle") else { break }
                    _ = try await terminals.run(line)
                case .expected(let line):
                    let parts = line.split(separator: "…", omittingEmptySubsequences: false)
                    _ = try await watcher.lines.first("\(line), as the README says") {
                        $0.text.hasPrefix(parts[0]) && $0.text.hasSuffix(parts[parts.count - 1])
                    }
                    seen.append(line)
                }
            }
            #expect(seen.count == 2 && seen.last?.contains(#""status":"Accepted""#) == true, "\(seen)")
        }
    }

    @Test func `Its simulated central system answers twenty charge points, of either version`() async throws {
        let blocks = try Self.blocks()
        try await withTerminals { site, terminals in
            var fleets: [ChildProcess] = []
            var versions: Set<String> = []
            for case .command(let line) in blocks {
                if line.contains(" central-system ") {
                    let central = try await terminals.run(line)
                    _ = try await central.lines.first("its subscription") { $0.text.contains("subscribed") }
                }
                guard line.contains(" run "), line.contains("--count 20") else { continue }
                // As the README says: in the place of those before.
                for fleet in fleets { fleet.send(signal: SIGINT) }
                for fleet in fleets { #expect(try await fleet.exit().code == 0) }
                fleets = [try await terminals.run(line)]
                let version = line.contains("--version 2.0.1") ? "2.0.1" : "1.6"
                versions.insert(version)
                // An answered BootNotification is followed by more.
                _ = try await site.central.received.take("what comes behind a BootNotification", within: .seconds(90)) {
                    $0.action == "StatusNotification" && $0.mqtt.userProperties["ocpp-version"] == version
                }
            }
            #expect(versions == ["1.6", "2.0.1"])
        }
    }
}
