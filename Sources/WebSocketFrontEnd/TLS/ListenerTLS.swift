import Synchronization

/// The TLS material of one listener, and the moments at which it is read anew. A handshake takes what is there when
/// it begins; open connections keep what they began with.
final class ListenerTLS: Sendable {
    private struct State {
        var material: TLSMaterial?
        /// The files as they were at the last attempt to read them.
        var attempted: [TLSFile.Fingerprint] = []
        /// The files as `haveFilesChanged` saw them last.
        var seen: [TLSFile.Fingerprint] = []
    }

    let options: TLSOptions
    private let state = Mutex(State())

    init(_ options: TLSOptions) {
        self.options = options
    }

    /// Nil until `reload` has succeeded once.
    var material: TLSMaterial? { state.withLock { $0.material } }

    /// Reads the files. When one of them is bad, what was read before stays.
    func reload() throws(TLSProblems) {
        // Before they are read: a change meanwhile is then seen as one.
        let attempted = fingerprints
        state.withLock { $0.attempted = attempted }
        let material = try TLSMaterial(options)
        state.withLock { $0.material = material }
    }

    /// Whether a file is not what it was at the last `reload`, and has not changed since the last call: files that
    /// are being written are left alone.
    func haveFilesChanged() -> Bool {
        let now = fingerprints
        return self.state.withLock { state in
            defer { state.seen = now }
            return now != state.attempted && now == state.seen
        }
    }

    private var fingerprints: [TLSFile.Fingerprint] {
        [
            options.certificateFile, options.keyFile, options.authorityFile,
            options.revocationFile,
        ].compactMap { $0.map(TLSFile.Fingerprint.init) }
    }
}
