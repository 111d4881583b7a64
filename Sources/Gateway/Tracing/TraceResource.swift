import CallTracing
import Management
import NIOCore
import Tracing

/// What a collector hears of whose spans they are, and the document that it gets: OTLP's ExportTraceServiceRequest in
/// JSON (opentelemetry-proto, "JSON Protobuf Encoding").
struct TraceResource: Sendable {
    private static let service = "ocpp-gateway"

    let gatewayID: String
    let version: String

    func document(of spans: [FinishedSpan]) -> ByteBuffer {
        var writer = JSONWriter(reserving: 1024 * max(1, spans.count))
        writer.value([
            "resourceSpans": [
                [
                    "resource": [
                        "attributes": [
                            Self.attribute("service.name", Self.text(Self.service)),
                            Self.attribute("service.version", Self.text(version)),
                            Self.attribute("service.instance.id", Self.text(gatewayID)),
                        ]
                    ],
                    "scopeSpans": [
                        [
                            "scope": ["name": .string(Self.service), "version": .string(version)],
                            "spans": .array(spans.map(Self.span)),
                        ]
                    ],
                ]
            ]
        ])
        return writer.bytes
    }

    private static func span(_ span: FinishedSpan) -> JSON {
        var members: [JSON.Member] = [
            .init("traceId", .string("\(span.trace.traceID)")), .init("spanId", .string("\(span.trace.spanID)")),
        ]
        if let parent = span.parent { members.append(.init("parentSpanId", .string("\(parent)"))) }
        members += [
            // The lowest bit is traceparent's.
            .init("flags", .integer(span.trace.isSampled ? 1 : 0)), .init("name", .string(span.name)),
            .init("kind", .integer(span.kind.number)), .init("startTimeUnixNano", .string(String(span.start))),
            .init("endTimeUnixNano", .string(String(span.end))), .init("attributes", attributes(span.attributes)),
        ]
        if !span.events.isEmpty { members.append(.init("events", .array(span.events.map(event)))) }
        if !span.links.isEmpty { members.append(.init("links", .array(span.links.compactMap(link)))) }
        if let status = span.status { members.append(.init("status", self.status(status))) }
        return .object(members)
    }

    private static func status(_ status: SpanStatus) -> JSON {
        var members: [JSON.Member] = []
        if let message = status.message { members.append(.init("message", .string(message))) }
        members.append(.init("code", .integer(status.code == .ok ? 1 : 2)))
        return .object(members)
    }

    private static func event(_ event: SpanEvent) -> JSON {
        [
            "timeUnixNano": .string(String(event.nanosecondsSinceEpoch)), "name": .string(event.name),
            "attributes": attributes(event.attributes),
        ]
    }

    private static func link(_ link: SpanLink) -> JSON? {
        guard let trace = link.context.trace else { return nil }
        return [
            "traceId": .string("\(trace.traceID)"), "spanId": .string("\(trace.spanID)"),
            "attributes": attributes(link.attributes),
        ]
    }

    /// In the order of their names: what is equal looks equal.
    private static func attributes(_ attributes: SpanAttributes) -> JSON {
        var members: [(name: String, value: JSON)] = []
        attributes.forEach { name, value in
            if let value = Self.value(value) { members.append((name, value)) }
        }
        return .array(members.sorted { $0.name < $1.name }.map { attribute($0.name, $0.value) })
    }

    private static func attribute(_ name: String, _ value: JSON) -> JSON {
        ["key": .string(name), "value": value]
    }

    private static func text(_ value: String) -> JSON { ["stringValue": .string(value)] }

    /// OTLP's AnyValue; 64-bit numbers are texts there.
    private static func value(_ value: SpanAttribute) -> JSON? {
        func list(_ values: [JSON]) -> JSON { ["arrayValue": ["values": .array(values)]] }
        func integer(_ value: some FixedWidthInteger) -> JSON { ["intValue": .string(String(value))] }
        func double(_ value: Double) -> JSON {
            if value.isFinite { return ["doubleValue": .number("\(value)")] }
            return ["doubleValue": .string(value.isNaN ? "NaN" : value < 0 ? "-Infinity" : "Infinity")]
        }
        return switch value {
        case .int32(let value): integer(value)
        case .int64(let value): integer(value)
        case .int32Array(let values): list(values.map(integer))
        case .int64Array(let values): list(values.map(integer))
        case .double(let value): double(value)
        case .doubleArray(let values): list(values.map(double))
        case .bool(let value): ["boolValue": .bool(value)]
        case .boolArray(let values): list(values.map { ["boolValue": .bool($0)] })
        case .string(let value): text(value)
        case .stringArray(let values): list(values.map(text))
        case .stringConvertible(let value): text("\(value)")
        case .stringConvertibleArray(let values): list(values.map { text("\($0)") })
        default: nil
        }
    }
}

extension SpanKind {
    /// OTLP's.
    fileprivate var number: Int {
        switch self {
        case .internal: 1
        case .server: 2
        case .client: 3
        case .producer: 4
        case .consumer: 5
        }
    }
}
