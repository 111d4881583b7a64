import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import TestSupport

/// A small OTLP collector: takes spans over HTTP, in JSON, as the specification has it.
final class TraceCollector: Sendable {
    struct Span: Sendable, CustomStringConvertible {
        var traceID: String
        var spanID: String
        var parent: String?
        var name: String
        var kind: Int
        var start: UInt64
        var end: UInt64
        var attributes: [String: String]
        var events: [String]
        var links: [String]
        /// 2: an error.
        var status: Int?
        var resource: [String: String]

        var description: String { "\(name) \(attributes)" }
        var uniqueID: String? { attributes["ocpp.unique_id"] }
    }

    let spans = Mailbox<Span>("spans")
    /// Path and content type of each request.
    let requests = Mailbox<String>("requests")
    private let server: any Channel

    private init(server: any Channel) {
        self.server = server
    }

    static func start() async throws -> TraceCollector {
        let own = Promised()
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(own.collector))
                }
            }
            .bind(host: "127.0.0.1", port: try freePort()).get()
        let collector = TraceCollector(server: server)
        own.keep(collector)
        return collector
    }

    var endpoint: String { "http://127.0.0.1:\(server.localAddress?.port ?? 0)" }

    /// The span of a CALL, come already or still to come.
    func span(ofCall id: String) async throws -> Span {
        try await spans.first("the span of \(id)") { $0.uniqueID == id }
    }

    func stop() async {
        try? await server.close()
    }

    fileprivate func received(_ head: HTTPRequestHead, _ body: ByteBuffer) -> HTTPResponseStatus {
        requests.append("\(head.method) \(head.uri) \(head.headers.first(name: "content-type") ?? "-")")
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(body.readableBytesView)) else {
            return .badRequest
        }
        for resource in document.resourceSpans {
            for span in resource.scopeSpans.flatMap(\.spans) {
                guard let span = Span(span, resource.resource.attributes.byName) else { return .badRequest }
                spans.append(span)
            }
        }
        return .ok
    }

    /// The collector is made when its server is.
    private final class Promised: Sendable {
        private let promise = MultiThreadedEventLoopGroup.singleton.next().makePromise(of: TraceCollector.self)

        func keep(_ collector: TraceCollector) { promise.succeed(collector) }
        var collector: EventLoopFuture<TraceCollector> { promise.futureResult }
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let collector: EventLoopFuture<TraceCollector>
        private var head: HTTPRequestHead?
        private var body = ByteBuffer()

        init(_ collector: EventLoopFuture<TraceCollector>) {
            self.collector = collector
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): (self.head, body) = (head, ByteBuffer())
            case .body(let part): body.writeImmutableBuffer(part)
            case .end:
                guard let head else { return }
                let (body, context) = (body, NIOLoopBound(context, eventLoop: context.eventLoop))
                collector.map { $0.received(head, body) }.hop(to: context.eventLoop).whenSuccess { status in
                    let context = context.value
                    let answer = ByteBuffer(string: "{}")
                    let headers = HTTPHeaders([("content-length", "2"), ("content-type", "application/json")])
                    context.write(
                        NIOAny(OutboundOut.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))),
                        promise: nil)
                    context.write(NIOAny(OutboundOut.body(.byteBuffer(answer))), promise: nil)
                    context.writeAndFlush(NIOAny(OutboundOut.end(nil)), promise: nil)
                }
            }
        }
    }
}

// ExportTraceServiceRequest in JSON (opentelemetry-proto), as far as it is looked at.

private struct Document: Decodable {
    struct ResourceSpans: Decodable {
        struct Resource: Decodable { var attributes: [Attribute] }
        struct ScopeSpans: Decodable { var spans: [DocumentSpan] }

        var resource: Resource
        var scopeSpans: [ScopeSpans]
    }

    var resourceSpans: [ResourceSpans]
}

private struct DocumentSpan: Decodable {
    struct Status: Decodable { var code: Int }
    struct Event: Decodable { var name: String }
    struct Link: Decodable {
        var traceId: String
        var spanId: String
    }

    var traceId: String
    var spanId: String
    var parentSpanId: String?
    var name: String
    var kind: Int
    var startTimeUnixNano: String
    var endTimeUnixNano: String
    var attributes: [Attribute]
    var events: [Event]?
    var links: [Link]?
    var status: Status?
}

private struct Attribute: Decodable {
    struct Value: Decodable {
        var stringValue: String?
        var intValue: String?
    }

    var key: String
    var value: Value
}

extension [Attribute] {
    fileprivate var byName: [String: String] {
        [String: String](map { ($0.key, $0.value.stringValue ?? $0.value.intValue ?? "-") }) { first, _ in first }
    }
}

extension TraceCollector.Span {
    /// Nil: it is not as the specification has it.
    fileprivate init?(_ span: DocumentSpan, _ resource: [String: String]) {
        guard let start = UInt64(span.startTimeUnixNano), let end = UInt64(span.endTimeUnixNano),
            span.traceId.wholeMatch(of: /[0-9a-f]{32}/) != nil, span.spanId.wholeMatch(of: /[0-9a-f]{16}/) != nil
        else { return nil }
        self.init(
            traceID: span.traceId, spanID: span.spanId, parent: span.parentSpanId, name: span.name, kind: span.kind,
            start: start, end: end, attributes: span.attributes.byName, events: (span.events ?? []).map(\.name),
            links: (span.links ?? []).map { "\($0.traceId)-\($0.spanId)" }, status: span.status?.code,
            resource: resource)
    }
}
