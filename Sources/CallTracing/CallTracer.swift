import NIOCore
import Tracing

/// The gateway's tracer. It is handed to whoever traces, and never made the process's one: the HTTP client would trace
/// the export of traces.
package final class CallTracer: Tracer {
    package let sampler: TraceSampler
    package let queue: SpanQueue

    package init(sampler: TraceSampler, queue: SpanQueue = SpanQueue()) {
        self.sampler = sampler
        self.queue = queue
    }

    // MARK: Of CALLs

    /// Begins a span, where its trace is one of those that are kept; nothing is allocated for others.
    ///
    /// - Parameters:
    ///   - name: made only for a span.
    ///   - parent: who caused it, and wants its trace kept or not; nil: it is the first of its trace.
    ///   - began: by the clock of sessions; it may have passed.
    package func span(
        _ name: @autoclosure () -> String, parent: TraceContext? = nil, ofKind kind: SpanKind,
        began: NIODeadline, now: NIODeadline
    ) -> CallSpan? {
        guard let trace = place(below: parent) else { return nil }
        let start = DefaultTracerClock.now.nanosecondsSinceEpoch &- UInt64(clamping: (now - began).nanoseconds)
        return CallSpan(
            name: name(), trace: trace, parent: parent?.spanID, in: .topLevel, kind: kind, start: start, began: began,
            queue: queue)
    }

    /// Nil: it is not kept.
    private func place(below parent: TraceContext?) -> TraceContext? {
        guard let parent else {
            return sampler.draw().map { TraceContext(traceID: $0, spanID: .random(), isSampled: true) }
        }
        guard parent.isSampled else { return nil }
        return TraceContext(traceID: parent.traceID, spanID: .random(), isSampled: true)
    }

    // MARK: Tracer

    package func startSpan<Instant: TracerInstant>(
        _ operationName: String, context: @autoclosure () -> InstrumentationContext, ofKind kind: SpanKind,
        at instant: @autoclosure () -> Instant, function: String, file fileID: String, line: UInt
    ) -> CallSpan {
        let context = context()
        let parent = context.trace
        let kept = place(below: parent)
        let trace =
            kept
            ?? TraceContext(traceID: parent?.traceID ?? .random(), spanID: .random(), isSampled: false)
        return CallSpan(
            name: operationName, trace: trace, parent: parent?.spanID, in: context, kind: kind,
            start: instant().nanosecondsSinceEpoch, queue: kept == nil ? nil : queue)
    }

    package func forceFlush() {
        queue.wake()
    }

    package func extract<Carrier, Extract: Extractor>(
        _ carrier: Carrier, into context: inout InstrumentationContext, using extractor: Extract
    ) where Extract.Carrier == Carrier {
        guard let text = extractor.extract(key: Self.traceparent, from: carrier) else { return }
        context.trace = TraceContext(traceparent: text)
    }

    package func inject<Carrier, Inject: Injector>(
        _ context: InstrumentationContext, into carrier: inout Carrier, using injector: Inject
    ) where Inject.Carrier == Carrier {
        guard let trace = context.trace else { return }
        injector.inject(trace.traceparent, forKey: Self.traceparent, into: &carrier)
    }

    private static let traceparent = "traceparent"
}

extension TraceID {
    fileprivate static func random() -> TraceID {
        while true {
            if let id = TraceID(high: .random(in: .min ... .max), low: .random(in: .min ... .max)) { return id }
        }
    }
}
