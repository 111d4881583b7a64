import Foundation
import Glibc
import Synchronization

/// A Mosquitto of a test's own; as every `TestServer` it is gone when nobody holds it any more.
package final class TestBroker: Sendable {
    private let server: TestServer
    private let logFile: URL
    /// Where in the log its present life begins.
    private let logStart = Mutex(0)

    package var port: Int { server.port }
    package var folder: URL { server.folder }

    /// What it writes to its log.
    package enum Logging: Sendable {
        case everything
        /// No packets: for a load that is more than a few.
        case events

        fileprivate var lines: [String] {
            switch self {
            case .everything: ["log_type all"]
            case .events:
                ["error", "warning", "notice", "information", "subscribe", "unsubscribe"].map { "log_type \($0)" }
            }
        }
    }

    /// A broker that does not run yet; its port and folder are known.
    ///
    /// - Parameters:
    ///   - listener: further lines for the listener; `$FOLDER` stands for the folder.
    ///   - keepsQoS0: whether a session that is away is kept messages of QoS 0, too.
    ///   - isPersistent: it writes every change down and knows its sessions after `kill`.
    ///   - files: texts by their names in the folder.
    package init(
        listener: [String] = [], anonymous: Bool = true, keepsQoS0: Bool = true, isPersistent: Bool = false,
        logging: Logging = .everything, files: [String: String] = [:]
    ) async throws {
        let persistence =
            isPersistent
            ? ["persistence_location $FOLDER/", "autosave_on_changes true", "autosave_interval 1"] : []
        let lines =
            [
                "user root", "allow_anonymous \(anonymous)", "queue_qos0_messages \(keepsQoS0)",
                // A test counts messages: the broker must not be the one that drops them.
                "max_queued_messages 0", "set_tcp_nodelay true",
                "log_dest file $FOLDER/log", "persistence \(isPersistent)",
            ] + persistence + logging.lines + ["listener $PORT 127.0.0.1"] + listener + [""]
        let files = files.merging(["mosquitto.conf": lines.joined(separator: "\n")]) { _, own in own }
        server = try await TestServer("mosquitto", ["-c", "$FOLDER/mosquitto.conf"], files: files)
        logFile = server.folder.appending(path: "log")
    }

    /// The same, running.
    package static func started(
        listener: [String] = [], anonymous: Bool = true, keepsQoS0: Bool = true, isPersistent: Bool = false,
        logging: Logging = .everything, files: [String: String] = [:]
    ) async throws -> TestBroker {
        let broker = try await TestBroker(
            listener: listener, anonymous: anonymous, keepsQoS0: keepsQoS0, isPersistent: isPersistent,
            logging: logging, files: files)
        try await broker.start()
        return broker
    }

    /// Starts it, for the first time or again after `kill`, on the same port.
    package func start() async throws {
        logStart.withLock { $0 = logBytes.count }
        do {
            try await server.start()
        } catch {
            throw Failure("\(error)\n\(lines.suffix(10).joined(separator: "\n"))")
        }
    }

    /// Ends it as a power failure would.
    package func kill() async { await server.kill() }

    /// Stops and continues the process: the connections stay, and nobody answers.
    package func freeze() async { await server.send(signal: SIGSTOP) }

    package func thaw() async { await server.send(signal: SIGCONT) }

    /// Has it read its access list again.
    package func reload() async { await server.send(signal: SIGHUP) }

    /// Ends it for good.
    package func remove() async { await server.remove() }

    /// Its log, of all its lives.
    package var log: String { String(decoding: logBytes, as: UTF8.self) }

    /// The lines of its log since its last start.
    package var lines: [String] {
        let bytes = logBytes.dropFirst(logStart.withLock { $0 })
        return bytes.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    private var logBytes: Data { (try? Data(contentsOf: logFile)) ?? Data() }

    /// Waits until a message is on the disk of a persistent broker: it acknowledges before it writes.
    package func persisted(_ text: String) async throws {
        let file = folder.appending(path: "mosquitto.db")
        try await eventually("\(text) in \(file.path)") {
            (try? Data(contentsOf: file))?.range(of: Data(text.utf8)) != nil
        }
    }
}
