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
    /// Paths that the authenticator reads at each connection to its server (`authentication.password_file`,
    /// `authentication.ssl.*`).
    let authenticatorFiles: [String]
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
    ///
    /// - Parameter hasOthers: files were read again that are not of listeners, and that has been said.
    func reloadAll(hasOthers: Bool) async {
        let encrypted = await listeners.running.filter(\.usesTLS)
        for listener in encrypted { reload(listener) }
        tell(of: brokerFiles, for: "the broker", without: "the next connect goes on with what was read before")
        tell(of: authenticatorFiles, for: "the authenticator's server", without: "the next connect will fail")
        if !hasOthers, encrypted.isEmpty, brokerFiles.isEmpty, authenticatorFiles.isEmpty {
            logger.info("nothing to reload: no setting names a file that is read again while the gateway runs")
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
    ///
    /// - Parameter consequence: what becomes of a link whose file cannot be read.
    private func tell(of files: [String], for server: String, without consequence: String) {
        guard !files.isEmpty else { return }
        logger.notice(
            "files for \(server) are read at each connect to it",
            metadata: ["files": "\(files.joined(separator: ", "))"])
        for path in files {
            guard let obstacle = BoundedFile.obstacle(to: path) else { continue }
            logger.error(
                "a file for \(server) cannot be read: \(consequence)",
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
