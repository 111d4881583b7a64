import NIOCore
import Synchronization
import Tracing

/// One piece of work of one trace: a handshake, or a CALL up to its answer. It goes to the exporter when it ends.
package final class CallSpan: Span {
    /// What others may add to it, at most.
    private static let mostEvents = 16
    private static let mostLinks = 4

    private struct State {
        var name: String
        var attributes = SpanAttributes()
        var status: SpanStatus?
        var events: [SpanEvent] = []
        var links: [SpanLink] = []
        var isEnded = false
    }

    /// The trace with this span's own id.
    package let trace: TraceContext
    package let context: InstrumentationContext
    private let parent: SpanID?
    private let kind: SpanKind
    /// Nanoseconds since 1970.
    private let start: UInt64
    /// The same moment by the clock that sessions go by; nil: the span is ended by the time of day.
    private let began: NIODeadline?
    /// Nil: nothing is recorded.
    private let queue: SpanQueue?
    private let state: Mutex<State>

    init(
        name: String, trace: TraceContext, parent: SpanID?, in context: InstrumentationContext, kind: SpanKind,
        start: UInt64, began: NIODeadline? = nil, queue: SpanQueue?
    ) {
        var own = context
        own.trace = trace
        self.context = own
        self.trace = trace
        self.parent = parent
        self.kind = kind
        self.start = start
        self.began = began
        self.queue = queue
        state = Mutex(State(name: name))
    }

    package var isRecording: Bool { queue != nil && state.withLock { !$0.isEnded } }

    /// For the field `trace_id` of the log.
    package var traceID: String { "\(trace.traceID)" }

    package var operationName: String {
        get { state.withLock { $0.name } }
        set { record { $0.name = newValue } }
    }

    package var attributes: SpanAttributes {
        get { state.withLock { $0.attributes } }
        set { record { $0.attributes = newValue } }
    }

    package func setStatus(_ status: SpanStatus) {
        record { $0.status = status }
    }

    package func addEvent(_ event: SpanEvent) {
        record { if $0.events.count < Self.mostEvents { $0.events.append(event) } }
    }

    package func addLink(_ link: SpanLink) {
        record { if $0.links.count < Self.mostLinks { $0.links.append(link) } }
    }

    package func recordError<Instant: TracerInstant>(
        _ error: any Error, attributes: SpanAttributes, at instant: @autoclosure () -> Instant
    ) {
        var attributes = attributes
        attributes["exception.type"] = "\(type(of: error))"
        addEvent(SpanEvent(name: "exception", at: instant(), attributes: attributes))
    }

    private func record(_ change: (inout State) -> Void) {
        guard queue != nil else { return }
        state.withLock { if !$0.isEnded { change(&$0) } }
    }

    package func end<Instant: TracerInstant>(at instant: @autoclosure () -> Instant) {
        end(at: instant().nanosecondsSinceEpoch)
    }

    /// Ends it by the clock that it began by: a step of the time of day meanwhile makes it neither longer nor shorter.
    package func end(now: NIODeadline) {
        guard let began else { return end() }
        end(at: start &+ UInt64(clamping: (now - began).nanoseconds))
    }

    /// Once; what is said of the span afterwards counts for nothing.
    private func end(at end: UInt64) {
        guard let queue else { return }
        let finished = state.withLock { state -> FinishedSpan? in
            guard !state.isEnded else { return nil }
            state.isEnded = true
            return FinishedSpan(
                trace: trace, parent: parent, kind: kind, name: state.name, start: start, end: max(start, end),
                attributes: state.attributes, status: state.status, events: state.events, links: state.links)
        }
        if let finished { queue.append(finished) }
    }
}

extension CallSpan: Equatable {
    package static func == (one: CallSpan, other: CallSpan) -> Bool { one === other }
}
