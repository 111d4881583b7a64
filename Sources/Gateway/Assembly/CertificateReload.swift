import BoundedFiles
import Logging
import ServiceLifecycle
import WebSocketFrontEnd

/// Reads certificates, keys, authorities and revocation lists anew, when told to and when the files change. Open
/// sessions are not touched.
struct CertificateReload: Service {
    /// Files that have changed are read one interval after they were seen at rest.
    private static let interval = Duration.seconds(2)

    let listeners: ListenerSet
    /// Paths that the broker link reads at each connect (`broker.password_file`, `broker.tls.*`).
    let brokerFiles: [String]
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do { try await Task.sleep(for: Self.interval) } catch { return }
                for listener in await listeners.running where listener.haveCertificatesChanged() {
                    reload(listener)
                }
            }
        }
    }

    /// Says of each file what has become of it.
    func reloadAll() async {
        let encrypted = await listeners.running.filter(\.usesTLS)
        for listener in encrypted { reload(listener) }
        tellOfBroker()
        if encrypted.isEmpty, brokerFiles.isEmpty {
            logger.info("nothing to reload: no setting names a certificate, key or password file")
        }
    }

    private func reload(_ listener: WebSocketListener) {
        let name = listener.configuration.name
        // Paths; what is in them is said nowhere.
        let files = listener.configuration.tls?.files.joined(separator: ", ") ?? ""
        do throws(TLSProblems) {
            try listener.reloadCertificates()
            logger.notice("certificates reloaded", metadata: ["listener": "\(name)", "files": "\(files)"])
        } catch {
            let reasons = error.problems.map(\.description).joined(separator: "; ")
            logger.error(
                "certificates not reloaded: what was read before stays in use",
                metadata: ["listener": "\(name)", "files": "\(files)", "reason": "\(reasons)"])
        }
    }

    /// A link that stands goes on with what it began with; whoever has rotated a file wants to know now whether the next
    /// link can read it.
    private func tellOfBroker() {
        guard !brokerFiles.isEmpty else { return }
        logger.notice(
            "files for the broker are read at each connect to it",
            metadata: ["files": "\(brokerFiles.joined(separator: ", "))"])
        for path in brokerFiles {
            guard let obstacle = BoundedFile.obstacle(to: path) else { continue }
            logger.error(
                "a file for the broker cannot be read: the next connect will fail",
                metadata: ["files": "\(path)", "reason": "\(obstacle)"])
        }
    }
}

extension TLSOptions {
    /// The paths of all that is read.
    fileprivate var files: [String] {
        [certificateFile, keyFile, authorityFile, revocationFile].compactMap(\.self)
    }
}
