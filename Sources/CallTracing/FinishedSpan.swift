import Tracing

/// What an exporter tells of one span.
package struct FinishedSpan: Sendable {
    package let trace: TraceContext
    /// Nil: it is the first of its trace.
    package let parent: SpanID?
    package let kind: SpanKind
    package let name: String
    /// Nanoseconds since 1970.
    package let start: UInt64
    package let end: UInt64
    package let attributes: SpanAttributes
    package let status: SpanStatus?
    package let events: [SpanEvent]
    /// Other spans that it has to do with.
    package let links: [SpanLink]

    /// About what it takes in memory.
    var size: Int {
        var size = 256 + name.utf8.count + (status?.message?.utf8.count ?? 0) + attributes.size
        for event in events { size += 64 + event.name.utf8.count + event.attributes.size }
        for link in links { size += 64 + link.attributes.size }
        return size
    }
}

extension SpanAttributes {
    fileprivate var size: Int {
        var size = 0
        forEach { name, value in
            size += 64 + name.utf8.count
            if case .string(let text) = value { size += text.utf8.count }
            if case .stringArray(let texts) = value { size += texts.reduce(0) { $0 + 16 + $1.utf8.count } }
        }
        return size
    }
}
