import Logging
import NIOCore

/// All traces, and what makes them begin and end.
actor TraceStore {
    private let files: TraceFiles
    private let node: String
    private let watcher: any WatchOperations
    private let eventLoop: any EventLoop
    private let logger: Logger
    private var traces: [String: Trace] = [:]
    private var recorders: [String: TraceRecorder] = [:]
    /// When something begins or ends next.
    private var timer: Scheduled<Void>?
    private var isUsable = false

    init(
        directory: String, node: String, watcher: any WatchOperations, eventLoop: any EventLoop, logger: Logger
    ) {
        files = TraceFiles(directory: directory)
        self.node = node
        self.watcher = watcher
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Traces that are not over go on where they were.
    func start() async {
        do {
            for trace in try await files.load(now: .now) { traces[trace.name] = trace }
            isUsable = true
            await beginAndEnd()
        } catch {
            logger.warning("management: no traces", metadata: ["reason": "\(error)"])
        }
    }

    func stop() async {
        timer?.cancel()
        timer = nil
        isUsable = false
        let running = recorders.values
        recorders = [:]
        for recorder in running { await recorder.stop() }
    }

    func list() async throws -> [JSON] {
        try requireFolder()
        var list: [JSON] = []
        for trace in traces.values.sorted(by: { $0.name < $1.name }) { list.append(await json(trace)) }
        return list
    }

    func add(_ trace: Trace) async throws -> JSON {
        try requireFolder()
        guard traces[trace.name] == nil else {
            throw OperationFailure.alreadyExists("there is a trace \(trace.name)")
        }
        guard traces.count < Trace.most else {
            throw OperationFailure.refused("there are \(Trace.most) traces already")
        }
        // Before anything is awaited: the next one may have the same name.
        traces[trace.name] = trace
        do {
            try await files.save(trace)
        } catch {
            traces[trace.name] = nil
            throw OperationFailure.failed("the trace cannot be written: \(error)")
        }
        await beginAndEnd()
        return await json(trace)
    }

    /// - Throws: 404.
    func stop(_ name: String) async throws {
        var trace = try existing(name)
        trace.isStopped = true
        traces[name] = trace
        await beginAndEnd()
        do {
            try await files.save(trace)
        } catch {
            throw OperationFailure.failed("the trace cannot be written: \(error)")
        }
    }

    /// - Throws: 404.
    func delete(_ name: String) async throws {
        _ = try existing(name)
        traces[name] = nil
        await beginAndEnd()
        do {
            try await files.delete(name)
        } catch {
            throw OperationFailure.failed("the trace cannot be deleted: \(error)")
        }
    }

    func deleteAll() async throws {
        for name in traces.keys.sorted() { try await delete(name) }
    }

    /// - Throws: 404.
    func read(_ name: String, from position: Int, count: Int) async throws -> [UInt8] {
        _ = try existing(name)
        return try await files.read(name, from: position, count: count)
    }

    private func existing(_ name: String) throws -> Trace {
        try requireFolder()
        guard let trace = traces[name] else {
            throw OperationFailure.notFound("there is no trace \(name.shortened)")
        }
        return trace
    }

    private func requireFolder() throws {
        guard isUsable else { throw OperationFailure.unavailable("data_dir cannot be written") }
    }

    private func json(_ trace: Trace) async -> JSON {
        trace.json(at: .now, node: node, size: await files.size(of: trace.name))
    }

    /// Lets every trace record that should, ends every other, and comes again when that changes.
    private func beginAndEnd() async {
        let now = Timestamp.now
        for trace in traces.values where trace.status(at: now) == .running && recorders[trace.name] == nil {
            let recorder = TraceRecorder(trace, files: files, watcher: watcher) { [weak self] in
                Task { await self?.isFull(trace.name) }
            }
            recorders[trace.name] = recorder
            await recorder.start()
        }
        for (name, recorder) in recorders where traces[name]?.status(at: now) != .running {
            recorders[name] = nil
            await recorder.stop()
        }
        arm(now)
    }

    private func isFull(_ name: String) async {
        guard traces[name] != nil else { return }
        logger.warning("management: a trace has ended early", metadata: ["trace": "\(name)"])
        try? await stop(name)
    }

    private func arm(_ now: Timestamp) {
        timer?.cancel()
        timer = nil
        let times = traces.values.filter { !$0.isStopped }.flatMap { [$0.startsAt, $0.endsAt] }.filter { $0 > now }
        guard isUsable, let next = times.min() else { return }
        // A day at the most: the clock may be set meanwhile.
        let delay = min(next.millisecondsSince1970 - now.millisecondsSince1970, 86_400_000)
        timer = eventLoop.scheduleTask(in: .milliseconds(delay)) { [weak self] in
            Task { await self?.beginAndEnd() }
        }
    }
}
