import Logging
import ServiceLifecycle
import WebSocketFrontEnd

/// Reads certificates, keys, authorities and revocation lists anew, when told to and when the files change. Open
/// sessions are not touched.
struct CertificateReload: Service {
    /// Files that have changed are read one interval after they were seen at rest.
    private static let interval = Duration.seconds(2)

    let listeners: [(name: String, listener: WebSocketListener)]
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                for (name, listener) in listeners where listener.haveCertificatesChanged() { reload(name, listener) }
            }
        }
    }

    func reloadAll() {
        let withTLS = listeners.filter(\.listener.usesTLS)
        if withTLS.isEmpty { logger.info("nothing to reload: no listener has certificates") }
        for (name, listener) in withTLS { reload(name, listener) }
    }

    private func reload(_ name: String, _ listener: WebSocketListener) {
        do throws(TLSProblems) {
            try listener.reloadCertificates()
            logger.notice("certificates reloaded", metadata: ["listener": "\(name)"])
        } catch {
            let reasons = error.problems.map(\.description).joined(separator: "; ")
            logger.error(
                "certificates not reloaded: what was read before stays in use",
                metadata: ["listener": "\(name)", "reason": "\(reasons)"])
        }
    }
}
