import BackendHTTPClient
import CallTracing
import CredentialChecking
import Logging
import NIOCore
import ServiceLifecycle
import Settings

/// Brings finished spans to the collector, batch by batch, on no thread that carries messages. A collector that is away
/// or slow holds up nothing but this: what finds no room in the queue meanwhile is counted.
actor TraceExporter: Service {
    /// How a document gets to the collector.
    typealias Send = @Sendable (_ document: ByteBuffer) async throws(BackendFailure) -> BackendHTTPClient.Answer
    typealias Sleep = @Sendable (Duration) async throws -> Void

    /// Spans that end within this time go together.
    private static let gathering = Duration.milliseconds(200)
    /// A batch that was not taken after so many attempts is dropped.
    static let mostAttempts = 5
    /// When the gateway stops, what is left may take so long.
    private static let flushTime = Duration.seconds(2)

    private let queue: SpanQueue
    private let resource: TraceResource
    private let send: Send
    private let sleep: Sleep
    private let logger: Logger

    /// On its way.
    private var batch: [FinishedSpan] = []
    private var pause = RetryPause()
    /// What the collector did not take since it took a batch, or ever; nil: nothing.
    private var trouble: Int?

    /// - Parameter logger: says where the spans go in each line.
    init(
        _ queue: SpanQueue, of resource: TraceResource, logger: Logger,
        sleep: @escaping Sleep = { try await Task.sleep(for: $0) }, send: @escaping Send
    ) {
        self.queue = queue
        self.resource = resource
        self.send = send
        self.sleep = sleep
        self.logger = logger
    }

    func run() async throws {
        logger.info("traces are exported")
        await cancelWhenGracefulShutdown { await self.export() }
        await withTaskGroup { group in
            group.addTask { await self.flush() }
            group.addTask { try? await self.sleep(Self.flushTime) }
            await group.next()
            group.cancelAll()
        }
        let left = batch.count + queue.count
        queue.counters.add(.dropped, left)
        if left > 0 { logger.warning("stopped with spans that no collector has", metadata: ["spans": "\(left)"]) }
    }

    /// Until it is cancelled.
    func export() async {
        for await _ in queue.wakes {
            if queue.count < SpanQueue.batchSize { try? await sleep(Self.gathering) }
            while !Task.isCancelled, takeBatch() { await deliver() }
        }
    }

    /// False: there is nothing.
    private func takeBatch() -> Bool {
        if batch.isEmpty { batch = queue.takeBatch() }
        return !batch.isEmpty
    }

    /// Tries until the collector has it, refuses it, or is away for too long.
    private func deliver() async {
        let document = resource.document(of: batch)
        for attempt in 1...Self.mostAttempts {
            let outcome = await outcome(of: document)
            // What was sent when the gateway began to stop goes once more.
            if Task.isCancelled, case .unavailable = outcome { return }
            switch outcome {
            case .taken(let rejected, let reason): return taken(rejected: rejected, reason)
            case .refused(let reason): return drop(reason)
            case .unavailable(let reason, let wanted):
                if attempt == Self.mostAttempts { return drop(reason) }
                note(0, reason)
                var generator = SystemRandomNumberGenerator()
                do { try await sleep(pause.next(wanted: wanted, using: &generator)) } catch { return }
            }
        }
    }

    private func outcome(of document: ByteBuffer) async -> ExportOutcome {
        do throws(BackendFailure) {
            return ExportOutcome(try await send(document), spans: batch.count)
        } catch {
            return error.kind == .unreachable
                ? .unavailable(reason: error.reason, retryAfter: nil) : .refused(reason: error.reason)
        }
    }

    /// Once more for all that is left, until something goes wrong.
    private func flush() async {
        while takeBatch() {
            guard case .taken(let rejected, let reason) = await outcome(of: resource.document(of: batch)) else {
                return
            }
            taken(rejected: rejected, reason)
        }
    }

    private func taken(rejected: Int, _ reason: String) {
        queue.counters.add(.exported, batch.count - rejected)
        batch = []
        pause.reset()
        if rejected > 0 {
            queue.counters.add(.dropped, rejected)
            note(rejected, reason)
        } else if let lost = trouble {
            trouble = nil
            logger.notice("the collector takes spans again", metadata: ["lost": "\(lost)"])
        }
    }

    private func drop(_ reason: String) {
        queue.counters.add(.dropped, batch.count)
        note(batch.count, reason)
        batch = []
    }

    /// One line where it begins: what is lost is counted, and told when it is over.
    private func note(_ lost: Int, _ reason: String) {
        if trouble == nil {
            logger.warning(
                "the collector takes no spans", metadata: ["reason": "\(String(reason.prefix(200)).shownInOneLine)"])
        }
        trouble = (trouble ?? 0) + lost
    }
}
