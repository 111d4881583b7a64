import NIOCore
import Testing
import Tracing

@testable import CallTracing

@Suite("Which traces are kept")
struct TraceSamplerTests {
    private let now = NIODeadline.now()

    private func span(_ tracer: CallTracer, below parent: TraceContext? = nil) -> CallSpan? {
        tracer.span("name", parent: parent, ofKind: .client, began: now, now: now)
    }

    @Test func `All, none, and the share that was asked for`() {
        let sampler = TraceSampler(ratio: 1)
        let all = (0..<1000).compactMap { _ in sampler.draw() }
        #expect(all.count == 1000)
        #expect(Set(all).count == 1000)
        sampler.use(ratio: 0)
        #expect((0..<1000).allSatisfy { _ in sampler.draw() == nil })
        sampler.use(ratio: 0.1)
        // 10,000 of 100,000; a deviation of 700 comes once in 10^13.
        let some = (0..<100_000).compactMap { _ in sampler.draw() }.count
        #expect((9300...10_700).contains(some))
    }

    @Test func `The lower 56 bits of the id decide, so that others keep the same traces`() {
        let sampler = TraceSampler(ratio: 0.5)
        for _ in 0..<100 {
            guard let id = sampler.draw() else { continue }
            #expect(id.low & ((1 << 56) - 1) < 1 << 55)
        }
    }

    @Test func `Nothing is out of range`() {
        #expect(TraceSampler(ratio: 7).draw() != nil)
        #expect(TraceSampler(ratio: -7).draw() == nil)
    }

    @Test func `Whoever began the trace has decided`() throws {
        let kept = try #require(TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        let left = TraceContext(traceID: kept.traceID, spanID: kept.spanID, isSampled: false)
        let never = CallTracer(sampler: TraceSampler(ratio: 0))
        let always = CallTracer(sampler: TraceSampler(ratio: 1))
        let span = try #require(self.span(never, below: kept))
        #expect(span.trace.traceID == kept.traceID)
        #expect(span.trace.spanID != kept.spanID)
        #expect(self.span(always, below: left) == nil)
        #expect(self.span(never) == nil)
        #expect(self.span(always) != nil)
    }
}
