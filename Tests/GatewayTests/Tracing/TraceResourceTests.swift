import CallTracing
import Foundation
import NIOCore
import Testing
import Tracing

@testable import Gateway

/// OTLP's ExportTraceServiceRequest, "JSON Protobuf Encoding".
@Suite("Traces: the collector's document")
struct TraceResourceTests {
    private let tracer = CallTracer(sampler: TraceSampler(ratio: 1))

    private func document() throws -> [String: Any] {
        let bytes = TraceResource(gatewayID: "gw \"1\"", version: "1.2.3").document(of: tracer.queue.takeBatch())
        let object = try JSONSerialization.jsonObject(with: Data(bytes.readableBytesView))
        return try #require(object as? [String: Any])
    }

    /// The first span of a document.
    private func span(of document: [String: Any]) throws -> [String: Any] {
        let resources = document["resourceSpans"] as? [[String: Any]]
        let scopes = resources?.first?["scopeSpans"] as? [[String: Any]]
        let spans = scopes?.first?["spans"] as? [[String: Any]]
        return try #require(spans?.first)
    }

    /// What is equal is the same text.
    private func text(_ document: [String: Any]) throws -> String {
        String(decoding: try JSONSerialization.data(withJSONObject: document, options: .sortedKeys), as: UTF8.self)
    }

    @Test func `One span, with all that it can have`() throws {
        let now = NIODeadline.now()
        let parent = try #require(
            TraceContext(traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"))
        let span = try #require(tracer.span("Reset", parent: parent, ofKind: .server, began: now, now: now))
        span.attributes = [
            "text": "line\n\"quoted\"\u{1}", "number": 9_007_199_254_740_993, "small": .int32(-1), "share": 0.5,
            "yes": true, "texts": .stringArray(["a", "b"]), "numbers": .int64Array([1]), "infinite": .double(.infinity),
        ]
        span.addEvent(SpanEvent(name: "sent", at: DefaultTracerClock.Timestamp(nanosecondsSinceEpoch: 7)))
        var other = InstrumentationContext.topLevel
        other.trace = parent
        span.addLink(SpanLink(context: other, attributes: ["a": 1]))
        span.setStatus(SpanStatus(code: .error, message: "no"))
        span.end(now: now + .nanoseconds(1))
        let document = try document()
        let found = try self.span(of: document)
        let began = try #require((found["startTimeUnixNano"] as? String).flatMap { UInt64($0) })
        let expected: [String: Any] = [
            "resourceSpans": [
                [
                    "resource": [
                        "attributes": [
                            ["key": "service.name", "value": ["stringValue": "ocpp-gateway"]],
                            ["key": "service.version", "value": ["stringValue": "1.2.3"]],
                            ["key": "service.instance.id", "value": ["stringValue": "gw \"1\""]],
                        ]
                    ],
                    "scopeSpans": [
                        [
                            "scope": ["name": "ocpp-gateway", "version": "1.2.3"],
                            "spans": [
                                [
                                    "traceId": "0af7651916cd43dd8448eb211c80319c",
                                    "spanId": "\(span.trace.spanID)", "parentSpanId": "b7ad6b7169203331",
                                    "flags": 1, "name": "Reset", "kind": 2, "startTimeUnixNano": "\(began)",
                                    "endTimeUnixNano": "\(began + 1)",
                                    "attributes": [
                                        ["key": "infinite", "value": ["doubleValue": "Infinity"]],
                                        ["key": "number", "value": ["intValue": "9007199254740993"]],
                                        [
                                            "key": "numbers",
                                            "value": ["arrayValue": ["values": [["intValue": "1"]]]],
                                        ],
                                        ["key": "share", "value": ["doubleValue": 0.5]],
                                        ["key": "small", "value": ["intValue": "-1"]],
                                        ["key": "text", "value": ["stringValue": "line\n\"quoted\"\u{1}"]],
                                        [
                                            "key": "texts",
                                            "value": [
                                                "arrayValue": [
                                                    "values": [["stringValue": "a"], ["stringValue": "b"]]
                                                ]
                                            ],
                                        ],
                                        ["key": "yes", "value": ["boolValue": true]],
                                    ],
                                    "events": [["timeUnixNano": "7", "name": "sent", "attributes": []]],
                                    "links": [
                                        [
                                            "traceId": "0af7651916cd43dd8448eb211c80319c",
                                            "spanId": "b7ad6b7169203331",
                                            "attributes": [["key": "a", "value": ["intValue": "1"]]],
                                        ]
                                    ],
                                    "status": ["message": "no", "code": 2],
                                ]
                            ],
                        ]
                    ],
                ]
            ]
        ]
        let (got, wanted) = (try text(document), try text(expected))
        #expect(got == wanted)
    }

    @Test func `One span, with as little as it can have`() throws {
        tracer.startSpan("plain", context: .topLevel).end()
        let span = try span(of: document())
        #expect(
            Set(span.keys) == [
                "traceId", "spanId", "flags", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes",
            ])
        #expect(span["kind"] as? Int == 1)
    }
}
