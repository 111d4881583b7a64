import Foundation

/// A Mosquitto of a test's own, on a free port of the loopback interface.
actor MosquittoProcess {
    nonisolated let port: Int
    private let folder: URL
    private let extraConfiguration: [String]
    private var child: ChildProcess?

    private init(port: Int, folder: URL, extraConfiguration: [String]) {
        self.port = port
        self.folder = folder
        self.extraConfiguration = extraConfiguration
    }

    /// A running broker. With `isPersistent` it writes every change down and knows its sessions after `kill`.
    static func start(isPersistent: Bool = false, extraConfiguration: [String] = []) async throws -> MosquittoProcess {
        let broker = try await prepare(isPersistent: isPersistent, extraConfiguration: extraConfiguration)
        try await broker.start()
        return broker
    }

    /// A broker that does not run yet; its port is known.
    static func prepare(
        isPersistent: Bool = false, extraConfiguration: [String] = []
    ) async throws -> MosquittoProcess {
        let folder = FileManager.default.temporaryDirectory.appending(path: "mosquitto-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let persistence =
            isPersistent
            ? [
                "persistence true", "persistence_location \(folder.path)/", "autosave_on_changes true",
                "autosave_interval 1",
            ]
            : ["persistence false"]
        return MosquittoProcess(
            port: try await freePort(), folder: folder, extraConfiguration: persistence + extraConfiguration)
    }

    func start() async throws {
        guard child == nil else {
            throw Failure("Mosquitto runs already")
        }
        let configuration =
            [
                "listener \(port) 127.0.0.1", "allow_anonymous true", "user root",
                // A test counts messages: the broker must not be the one that drops them.
                "max_queued_messages 0", "set_tcp_nodelay true",
                "log_dest stderr", "log_type error", "log_type warning", "log_type notice", "log_type information",
                "log_type subscribe", "log_type unsubscribe",
            ] + extraConfiguration
        let file = folder.appending(path: "mosquitto.conf")
        try (configuration.joined(separator: "\n") + "\n").write(to: file, atomically: true, encoding: .utf8)
        let executable = ["/usr/sbin/mosquitto", "/usr/bin/mosquitto", "/usr/local/sbin/mosquitto"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        guard let executable else {
            throw Failure("mosquitto is not installed; ./deploy/test.sh installs it")
        }
        let started = try await ChildProcess.start(executable, ["-c", file.path])
        child = started
        _ = try await started.lines.first("\"running\"") { $0.text.hasSuffix(" running") }
    }

    /// Waits until a message is on the disk of a persistent broker: it acknowledges before it writes.
    func persisted(_ text: String) async throws {
        let file = folder.appending(path: "mosquitto.db")
        try await eventually("\(text) in \(file.path)") {
            (try? Data(contentsOf: file))?.range(of: Data(text.utf8)) != nil
        }
    }

    /// What it has written to its log, subscriptions included.
    var log: [String] {
        child?.lines.all.map(\.text) ?? []
    }

    /// Ends it as a power failure would.
    func kill() async {
        await child?.end()
        child = nil
    }

    /// Stops and continues the process: the connections stay, and nobody answers.
    func freeze() {
        child?.send(signal: SIGSTOP)
    }

    func thaw() {
        child?.send(signal: SIGCONT)
    }

    /// Has it read its access list again.
    func reload() {
        child?.send(signal: SIGHUP)
    }

    /// Runs a test against a broker of its own, which is gone when the test ends, well or not.
    static func run(
        isPersistent: Bool = false, _ body: (MosquittoProcess) async throws -> Void
    ) async throws {
        let broker = try await start(isPersistent: isPersistent)
        do {
            try await body(broker)
        } catch {
            await broker.remove()
            throw error
        }
        await broker.remove()
    }

    /// Ends it for good.
    func remove() async {
        await kill()
        try? FileManager.default.removeItem(at: folder)
    }
}
