import Foundation
import TestSupport

/// The built `ocpp-gateway`, started with environment variables only.
final class GatewayProcess: Sendable {
    /// One line of its JSON log.
    struct LogLine: Sendable, CustomStringConvertible {
        let text: String

        var description: String { text }

        /// Top-level values and those of `metadata`, as text.
        var fields: [String: String] {
            guard let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] else {
                return [:]
            }
            var fields: [String: String] = [:]
            for (key, value) in object {
                if let nested = value as? [String: Any] {
                    for (key, value) in nested {
                        fields[key] = "\(value)"
                    }
                } else {
                    fields[key] = "\(value)"
                }
            }
            return fields
        }

        var message: String { fields["message"] ?? "" }

        func mentions(_ words: String...) -> Bool {
            words.allSatisfy { text.contains($0) }
        }
    }

    let child: ChildProcess
    private let settings: [String: String]

    private init(child: ChildProcess, settings: [String: String]) {
        self.child = child
        self.settings = settings
    }

    var clientID: String { settings["BROKER_CLIENT_ID"] ?? "-" }

    /// Beside the test bundle: SwiftPM builds both into one folder.
    static var executable: String {
        let bundle = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return ((bundle as NSString).deletingLastPathComponent as NSString).appendingPathComponent("ocpp-gateway")
    }

    /// What a setting is that `start` would make and a test wants to come from elsewhere.
    static let unsaid = "(unsaid)"

    /// - Parameters:
    ///   - openFiles: its hard limit of open descriptors.
    ///   - runner: a program, with its arguments, that becomes it.
    static func start(
        _ settings: [String: String], arguments: [String] = [], openFiles: Int? = nil, runner: [String] = []
    ) async throws -> GatewayProcess {
        let usual = [
            "LISTENERS_WS_DEFAULT_BIND": "127.0.0.1:0", "LOG_FORMAT": "json",
            // Gateways of tests that run side by side would fight for one port.
            "MANAGEMENT_BIND": "",
            // libmongoc would leave a segment behind for each gateway that is killed.
            "MONGOC_DISABLE_SHM": "1",
            "BROKER_CLIENT_ID": "gateway-\(UUID().uuidString.prefix(8))",
        ]
        let settings = usual.merging(settings) { _, own in own }.filter { $0.value != unsaid }
        Secrets.add(settings: settings)
        let limits = openFiles.map { ["/usr/bin/prlimit", "--nofile=\($0):\($0)"] } ?? []
        let command = runner + limits + [executable] + arguments
        let child = try await ChildProcess.start(command[0], Array(command.dropFirst()), environment: settings)
        Secrets.watch(child)
        return GatewayProcess(child: child, settings: settings)
    }

    /// Waits until it listens, and says where.
    func port(listener: String = "default") async throws -> Int {
        let line = try await log("the line \"listening\" of listener \(listener)") {
            $0.message == "listening" && $0.fields["listener"] == listener
        }
        guard let port = line.fields["address"]?.split(separator: ":").last.flatMap({ Int($0) }) else {
            throw Failure("no port in \(line.text)")
        }
        return port
    }

    /// Waits for a line of its log.
    @discardableResult
    func log(
        _ what: String, within limit: Int64 = 60, where isWanted: @escaping @Sendable (LogLine) -> Bool
    ) async throws -> LogLine {
        let line = try await child.lines.first("log line: \(what)", within: .seconds(limit)) {
            isWanted(LogLine(text: $0.text))
        }
        return LogLine(text: line.text)
    }

    var logLines: [LogLine] {
        child.lines.all.map { LogLine(text: $0.text) }
    }

    /// The lines of all its output, once it has ended, that hold a secret of these tests.
    var leakedSecrets: [String] {
        get async { Secrets.leaks(in: await child.wholeOutput()) }
    }

    /// For a failure's message.
    var lastLogLines: String {
        logLines.suffix(25).map { "    \($0.text)" }.joined(separator: "\n")
    }

    /// Asks it to stop; returns its exit code.
    func stop(signal: Int32 = SIGTERM, within limit: Int64 = 60) async throws -> Int32 {
        child.send(signal: signal)
        return try await child.exit(within: limit).code
    }
}
