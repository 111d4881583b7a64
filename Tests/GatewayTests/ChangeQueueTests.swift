import Dispatch
import Logging
import Management
import Synchronization
import TestSupport
import Testing

@testable import Gateway

@Suite("Management: changes one after the other", .timeLimit(.minutes(4)))
struct ChangeQueueTests {
    /// Opened by the test; whoever waits for it holds a thread, as one does who reads from a disk that does not answer.
    private final class Barrier: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)

        func wait() { semaphore.wait() }
        func open() { semaphore.signal() }
    }

    private func failure(
        _ queue: ChangeQueue, _ name: String, _ change: @escaping @Sendable () -> Void = {}
    ) async -> OperationFailure? {
        do throws(OperationFailure) {
            try await queue.run(name) { () async throws(OperationFailure) in change() }
            return nil
        } catch {
            return error
        }
    }

    @Test func `What waits for a change that hangs is given up, and is told which one and since when; so is the log`()
        async throws
    {
        let pipe = try LogPipe()
        let logs = GatewayLogs(configuration: LogConfiguration(), fileDescriptor: pipe.writeEnd)
        let queue = ChangeQueue(patience: .milliseconds(50), logger: logs.logger())
        let barrier = Barrier()
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let before = Timestamp.now
        let stuck = Task {
            await failure(queue, "authentication.ssl.cacertfile") {
                begins.yield()
                barrier.wait()
            }
        }
        for await _ in begun { break }
        let done = Done()
        let refused = await failure(queue, "log.level") { done.set() }
        guard case .unavailable(let words)? = refused else {
            Issue.record("\(String(describing: refused))")
            barrier.open()
            return
        }
        #expect(words.contains("a change of authentication.ssl.cacertfile has been under way since "), "\(words)")
        let since = words.split(separator: " ").compactMap { Timestamp(String($0.filter { $0 != "," })) }.first
        #expect(since.map { $0 >= before && $0 <= .now } == true, "\(words)")
        var line = ""
        try pipe.readLines { text in
            line = text
            return false
        }
        #expect(line.contains(" error ") && line.contains("change=authentication.ssl.cacertfile"), "\(line)")
        barrier.open()
        #expect(await stuck.value == nil)
        #expect(!done.isSet)
        try pipe.readLines { text in
            line = text
            return false
        }
        #expect(line.contains("has come to its end"), "\(line)")
        // The next is carried out.
        #expect(await failure(ChangeQueue(logger: logs.logger()), "log.level") { done.set() } == nil && done.isSet)
        #expect(await failure(queue, "log.level") == nil)
    }

    @Test func `Changes are carried out in the order in which they came, one at a time`() async throws {
        let queue = ChangeQueue(patience: .seconds(200), logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
        let barrier = Barrier()
        let (order, carriedOut) = AsyncStream<Int>.makeStream()
        let (begun, begins) = AsyncStream<Void>.makeStream()
        let first = Task {
            await failure(queue, "0") {
                begins.yield()
                barrier.wait()
                carriedOut.yield(0)
            }
        }
        for await _ in begun { break }
        var others: [Task<OperationFailure?, Never>] = []
        for number in 1...5 {
            others.append(Task { await failure(queue, "\(number)") { carriedOut.yield(number) } })
            try await eventually("the change waits") { await queue.waitingCount == number }
        }
        // Who has asked goes away: what was asked for is done.
        others[2].cancel()
        barrier.open()
        var seen: [Int] = []
        for await number in order {
            seen.append(number)
            if seen.count == 6 { break }
        }
        #expect(seen == [0, 1, 2, 3, 4, 5])
        #expect(await first.value == nil)
        for other in others { #expect(await other.value == nil) }
    }

    private final class Done: Sendable {
        private let value = Atomic(false)

        var isSet: Bool { value.load(ordering: .sequentiallyConsistent) }
        func set() { value.store(true, ordering: .sequentiallyConsistent) }
    }
}
