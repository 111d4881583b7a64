import Logging
import Synchronization

/// What a gate says about its backend, with the server's own words; the same ones at most each 10 s, with a count
/// (authentication.md, "Failures and logs").
struct GateLog: Sendable {
    private final class Said: Sendable {
        let words = Mutex(RepeatedWords())
    }

    let backend: String
    let server: String
    let logger: Logger
    private let said = Said()

    init(backend: String, server: String, logger: Logger) {
        self.backend = backend
        self.server = server
        self.logger = logger
    }

    func down(_ reason: String) {
        say(.error, "authentication backend down", reason)
    }

    /// It answers, and cannot answer: the query, the table or our credentials are wrong.
    func nonsense(_ reason: String) {
        say(.error, "authentication backend cannot answer", reason)
    }

    func up() {
        logger.notice("authentication backend up", metadata: metadata)
    }

    private func say(_ level: Logger.Level, _ message: String, _ reason: String) {
        guard let count = said.words.withLock({ $0.count(message + reason, at: .now) }) else { return }
        logger.log(
            level: level, "\(message)",
            metadata: metadata.merging(["reason": "\(reason)", "count": "\(count)"]) { $1 })
    }

    private var metadata: Logger.Metadata {
        server.isEmpty ? ["backend": "\(backend)"] : ["backend": "\(backend)", "server": "\(server)"]
    }
}
