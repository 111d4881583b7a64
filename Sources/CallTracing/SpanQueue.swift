import Counters
import DequeModule
import Synchronization

/// What becomes of spans.
package enum SpanCount: Int, Sendable, CaseIterable {
    /// The collector has them.
    case exported
    /// They found no room, or the collector did not take them.
    case dropped
}

/// Spans on their way to the exporter, bounded in number and bytes: where it is full the oldest go. Nobody ever waits
/// for it.
package final class SpanQueue: Sendable {
    package static let batchSize = 512

    private struct State {
        var spans: Deque<FinishedSpan> = []
        var bytes = 0
    }

    package let counters = CounterSet<SpanCount>()
    /// Says that there is something to export; a second word before the first is heard counts for nothing.
    package let wakes: AsyncStream<Void>
    private let waking: AsyncStream<Void>.Continuation
    private let most: Int
    private let mostBytes: Int
    private let state = Mutex(State())

    package init(most: Int = 4096, mostBytes: Int = 4 << 20) {
        self.most = most
        self.mostBytes = mostBytes
        (wakes, waking) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    package func append(_ span: FinishedSpan) {
        let size = span.size
        guard size <= mostBytes else { return counters.add(.dropped) }
        let (wakes, dropped) = state.withLock { state in
            var dropped = 0
            while state.spans.count >= most || size > mostBytes - state.bytes, let oldest = state.spans.popFirst() {
                state.bytes -= oldest.size
                dropped += 1
            }
            state.spans.append(span)
            state.bytes += size
            return (state.spans.count == 1 || state.spans.count == Self.batchSize, dropped)
        }
        if dropped > 0 { counters.add(.dropped, dropped) }
        if wakes { wake() }
    }

    package func wake() {
        waking.yield()
    }

    package var count: Int { state.withLock { $0.spans.count } }
    var bytes: Int { state.withLock { $0.bytes } }

    /// The oldest, `batchSize` of them at most.
    package func takeBatch() -> [FinishedSpan] {
        state.withLock { state in
            let batch = Array(state.spans.prefix(Self.batchSize))
            state.spans.removeFirst(batch.count)
            state.bytes -= batch.reduce(0) { $0 + $1.size }
            return batch
        }
    }
}
