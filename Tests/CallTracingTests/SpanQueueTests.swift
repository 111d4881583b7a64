import NIOCore
import Testing
import Tracing

@testable import CallTracing

@Suite("The queue of spans")
struct SpanQueueTests {
    private func fill(_ queue: SpanQueue, _ count: Int, text: String = "") {
        let tracer = CallTracer(sampler: TraceSampler(ratio: 1), queue: queue)
        for number in 0..<count {
            let span = tracer.startSpan("\(number)", context: .topLevel)
            span.attributes["text"] = text
            span.end()
        }
    }

    @Test func `Beyond its number the oldest go, and are counted`() {
        let queue = SpanQueue(most: 10)
        fill(queue, 25)
        #expect(queue.takeBatch().map(\.name) == (15..<25).map(String.init))
        #expect(queue.counters.value(.dropped) == 15)
        #expect(queue.count == 0 && queue.bytes == 0)
    }

    @Test func `Beyond its bytes the oldest go, and one that is larger than all goes at once`() {
        let queue = SpanQueue(mostBytes: 10_000)
        fill(queue, 20, text: String(repeating: "x", count: 1000))
        #expect((5...9).contains(queue.count))
        #expect(queue.bytes <= 10_000)
        #expect(queue.counters.value(.dropped) == 20 - queue.count)
        let before = queue.count
        fill(queue, 1, text: String(repeating: "x", count: 10_000))
        #expect(queue.count == before)
        #expect(queue.counters.value(.dropped) == 21 - before)
    }

    @Test func `Batches are bounded, and come in order`() {
        let queue = SpanQueue()
        fill(queue, 1000)
        #expect(queue.takeBatch().map(\.name) == (0..<512).map(String.init))
        #expect(queue.takeBatch().count == 488)
        #expect(queue.takeBatch().isEmpty)
        #expect(queue.bytes == 0)
    }

    @Test func `The first span wakes the exporter, and so does a full batch`() async {
        let queue = SpanQueue()
        var wakes = queue.wakes.makeAsyncIterator()
        fill(queue, 1)
        await wakes.next()
        fill(queue, 511)
        await wakes.next()
        #expect(queue.takeBatch().count == 512)
    }
}
