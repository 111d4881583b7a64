/// Writes what is said about a trace's subject into its file, until it is stopped or the file is full.
actor TraceRecorder {
    /// Lines that may wait for the disk.
    private static let limit = 4096

    private let trace: Trace
    private let files: TraceFiles
    private let watcher: any WatchOperations
    /// The file is full, or cannot be written.
    private let onFull: @Sendable () -> Void
    private var feed = BoundedFeed<String>(limit: TraceRecorder.limit)
    private var watch: Watch?
    private var work: Task<Void, Never>?

    init(
        _ trace: Trace, files: TraceFiles, watcher: any WatchOperations, onFull: @escaping @Sendable () -> Void
    ) {
        self.trace = trace
        self.files = files
        self.watcher = watcher
        self.onFull = onFull
    }

    /// Returns when it watches.
    func start() async {
        await beginWatching()
        work = Task { await record() }
    }

    /// What has been said is in the file when it returns.
    func stop() async {
        watch = nil
        feed.end()
        await work?.value
    }

    private func beginWatching() async {
        let fresh = BoundedFeed<String>(limit: Self.limit)
        feed = fresh
        watch = await watcher.watchLog(of: trace.subject, as: trace.form) { fresh.offer($0) }
    }

    private func record() async {
        while true {
            switch await feed.next() {
            case .ended: return
            case .overflow:
                // Whoever logs is never held up: what the disk cannot take is lost, and that is said.
                guard watch != nil, await write("… lines lost: the disk is too slow\n") else { return }
                await beginWatching()
            case .elements(let lines): guard await write(lines.joined()) else { return }
            }
        }
    }

    /// - Returns: Whether there is room for more.
    private func write(_ text: String) async -> Bool {
        let size = try? await files.append(text, to: trace.name)
        guard let size, size < Trace.largestFile else {
            watch = nil
            onFull()
            return false
        }
        return true
    }
}
