import NIOCore

/// Things that happened, in order, for a test to wait for.
final class EventQueue<Event: Sendable>: Sendable {
    struct NothingHappened: Error {}

    private let stream: AsyncStream<Event>
    private let continuation: AsyncStream<Event>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func add(_ event: Event) {
        continuation.yield(event)
    }

    /// - Throws: `NothingHappened` after a time that is long on any machine.
    func next(within timeout: Duration = .seconds(30)) async throws -> Event {
        try await withThrowingTaskGroup(of: Event?.self) { group in
            group.addTask {
                var events = self.stream.makeAsyncIterator()
                return await events.next()
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                return nil
            }
            defer { group.cancelAll() }
            guard let event = try await group.next() ?? nil else { throw NothingHappened() }
            return event
        }
    }
}
