import NIOCore
import Testing
import Tracing

@testable import CallTracing

@Suite("Spans")
struct CallSpanTests {
    private let tracer = CallTracer(sampler: TraceSampler(ratio: 1))
    private let now = NIODeadline.now()

    private func span() throws -> CallSpan {
        try #require(tracer.span("Heartbeat", ofKind: .client, began: now, now: now))
    }

    @Test func `A span is exported once, when it ends, as it was then`() throws {
        let span = try span()
        #expect(tracer.queue.count == 0)
        span.updateAttributes { $0["ocpp.action"] = "Heartbeat" }
        span.setStatus(SpanStatus(code: .error, message: "late"))
        span.addEvent("sent")
        span.end(now: now + .milliseconds(5))
        span.setStatus(SpanStatus(code: .ok))
        span.end(now: now + .seconds(5))
        let finished = tracer.queue.takeBatch()
        #expect(finished.count == 1)
        let first = try #require(finished.first)
        #expect(first.end - first.start == 5_000_000)
        #expect(first.status == SpanStatus(code: .error, message: "late"))
        #expect(first.attributes.get("ocpp.action") == .string("Heartbeat"))
        #expect(first.events.map(\.name) == ["sent"])
        #expect(first.parent == nil)
        #expect(first.trace == span.trace)
    }

    @Test func `What began before begins then`() throws {
        let before = DefaultTracerClock.now.nanosecondsSinceEpoch
        let span = try #require(tracer.span("handshake", ofKind: .server, began: now, now: now + .seconds(2)))
        let after = DefaultTracerClock.now.nanosecondsSinceEpoch
        span.end(now: now + .seconds(3))
        let finished = try #require(tracer.queue.takeBatch().first)
        #expect((before - 2_000_000_000...after - 2_000_000_000).contains(finished.start))
        #expect(finished.end - finished.start == 3_000_000_000)
    }

    @Test func `A clock that goes backwards makes no negative time`() throws {
        try span().end(now: now - .seconds(1))
        let finished = try #require(tracer.queue.takeBatch().first)
        #expect(finished.end == finished.start)
    }

    @Test func `Events and links are bounded`() throws {
        let span = try span()
        for _ in 0..<1000 {
            span.addEvent("again")
            span.addLink(SpanLink(context: .topLevel, attributes: [:]))
        }
        span.end(now: now)
        let finished = try #require(tracer.queue.takeBatch().first)
        #expect(finished.events.count == 16)
        #expect(finished.links.count == 4)
    }

    // MARK: As any library uses a tracer

    private struct Fields: Injector, Extractor {
        func inject(_ value: String, forKey key: String, into carrier: inout [String: String]) { carrier[key] = value }
        func extract(key: String, from carrier: [String: String]) -> String? { carrier[key] }
    }

    @Test func `What one span injects is the parent of the next`() throws {
        let outer = tracer.startSpan("outer", context: .topLevel)
        var carrier: [String: String] = [:]
        tracer.inject(outer.context, into: &carrier, using: Fields())
        #expect(carrier == ["traceparent": outer.trace.traceparent])
        var context = InstrumentationContext.topLevel
        tracer.extract(carrier, into: &context, using: Fields())
        let inner = tracer.startSpan("inner", context: context, ofKind: .consumer)
        inner.end()
        outer.end()
        let finished = tracer.queue.takeBatch()
        #expect(finished.map(\.name) == ["inner", "outer"])
        #expect(finished.first?.parent == outer.trace.spanID)
        #expect(finished.first?.trace.traceID == outer.trace.traceID)
    }

    @Test func `A span that is not kept records nothing, and tells the next ones`() {
        let tracer = CallTracer(sampler: TraceSampler(ratio: 0))
        let span = tracer.startSpan("outer", context: .topLevel)
        #expect(!span.isRecording)
        span.attributes["a"] = "b"
        #expect(span.attributes.isEmpty)
        #expect(!tracer.startSpan("inner", context: span.context).isRecording)
        span.end()
        #expect(tracer.queue.count == 0)
        #expect(span.trace.traceparent.hasSuffix("-00"))
    }
}
