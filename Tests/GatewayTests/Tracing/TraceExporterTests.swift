import CallTracing
import CredentialChecking
import Foundation
import Logging
import NIOCore
import Synchronization
import TestSupport
import Testing
import Tracing

@testable import BackendHTTPClient
@testable import Gateway

@Suite("Traces: the exporter")
struct TraceExporterTests {
    typealias Answer = Result<BackendHTTPClient.Answer, BackendFailure>

    /// A collector that says what it is told to, one answer after the other, and then takes all.
    private final class Collector: Sendable {
        let documents = Mailbox<String>("documents")
        let pauses = Mailbox<Duration>("pauses")
        private let answers: Mutex<[Answer]>

        init(_ answers: [Answer]) {
            self.answers = Mutex(answers)
        }

        func take(_ document: ByteBuffer) throws(BackendFailure) -> BackendHTTPClient.Answer {
            documents.append(String(buffer: document))
            let answer = answers.withLock { $0.isEmpty ? status(200) : $0.removeFirst() }
            return try answer.get()
        }
    }

    private static func status(_ status: Int, retryAfter: String? = nil, body: String = "{}") -> Answer {
        .success(.init(status: status, contentType: "application/json", retryAfter: retryAfter, body: Array(body.utf8)))
    }

    private static let away = Answer.failure(BackendFailure(.unreachable, reason: "connection refused"))

    /// Exports spans of these names, one after the other, each when the last has been counted.
    private func export(
        _ names: [String], _ answers: [Answer],
        _ check: @Sendable (_ documents: [String], _ pauses: [Duration], _ queue: SpanQueue) throws -> Void
    ) async throws {
        let collector = Collector(answers)
        let tracer = CallTracer(sampler: TraceSampler(ratio: 1))
        let exporter = TraceExporter(
            tracer.queue, of: TraceResource(gatewayID: "gw", version: "1"),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            sleep: { pause in
                if pause >= .milliseconds(500) { collector.pauses.append(pause) }
                try Task.checkCancellation()
            },
            send: { document throws(BackendFailure) in try collector.take(document) })
        let task = Task { await exporter.export() }
        for (number, name) in names.enumerated() {
            tracer.startSpan(name, context: .topLevel).end()
            try await eventually("\(name) is counted") {
                tracer.queue.counters.value(.exported) + tracer.queue.counters.value(.dropped) == number + 1
            }
        }
        task.cancel()
        await task.value
        try check(collector.documents.all, collector.pauses.all, tracer.queue)
    }

    @Test func `A batch is taken and counted`() async throws {
        try await export(["a", "b"], []) { documents, pauses, queue in
            #expect(documents.count == 2)
            #expect(documents[0].contains(#""name":"a""#) && documents[1].contains(#""name":"b""#))
            #expect(pauses.isEmpty)
            #expect(queue.counters.value(.exported) == 2 && queue.counters.value(.dropped) == 0)
        }
    }

    @Test(arguments: [away, status(429), status(502), status(503), status(504), status(408)])
    func `One that the collector cannot take now goes again, with pauses that grow`(answer: Answer) async throws {
        try await export(["a"], [answer, answer, answer]) { documents, pauses, queue in
            #expect(documents.count == 4)
            #expect(Set(documents).count == 1)
            #expect(pauses.count == 3)
            for (pause, seconds) in zip(pauses, [1, 2, 4]) {
                let longest = Duration.seconds(seconds)
                #expect(pause >= longest / 2 && pause <= longest)
            }
            #expect(queue.counters.value(.exported) == 1)
        }
    }

    @Test func `It is given up in the end, and the next one has its turn`() async throws {
        let answers = Array(repeating: Self.away, count: TraceExporter.mostAttempts)
        try await export(["a", "b"], answers) { documents, pauses, queue in
            #expect(documents.count == TraceExporter.mostAttempts + 1)
            #expect(pauses.count == TraceExporter.mostAttempts - 1)
            #expect(documents.last?.contains(#""name":"b""#) == true)
            #expect(queue.counters.value(.exported) == 1 && queue.counters.value(.dropped) == 1)
        }
    }

    @Test(arguments: [status(400), status(401), status(404), status(413), status(500), status(302)])
    func `What the collector refuses is not sent again`(answer: Answer) async throws {
        try await export(["a", "b"], [answer]) { documents, pauses, queue in
            #expect(documents.count == 2 && pauses.isEmpty)
            #expect(queue.counters.value(.exported) == 1 && queue.counters.value(.dropped) == 1)
        }
    }

    @Test func `Retry-After is minded, up to half a minute`() async throws {
        try await export(
            ["a"], [Self.status(503, retryAfter: "7"), Self.status(503, retryAfter: "99999999999999999999")]
        ) {
            _, pauses, _ in #expect(pauses.count == 2 && pauses[0] == .seconds(7))
        }
        try await export(["a"], [Self.status(429, retryAfter: "3600")]) { _, pauses, _ in
            #expect(pauses == [.seconds(30)])
        }
    }

    @Test(
        arguments: [
            (#"{"partialSuccess":{"rejectedSpans":"1","errorMessage":"no"}}"#, 1),
            (#"{"partialSuccess":{"rejectedSpans":1}}"#, 1), (#"{"partialSuccess":{}}"#, 0), ("", 0), ("nonsense", 0),
            (#"{"partialSuccess":{"rejectedSpans":-9}}"#, 0), (#"{"partialSuccess":{"rejectedSpans":"77"}}"#, 1),
        ])
    func `Spans that the collector does not want are counted as dropped`(body: String, rejected: Int) async throws {
        try await export(["a"], [Self.status(200, body: body)]) { _, _, queue in
            #expect(queue.counters.value(.dropped) == rejected)
            #expect(queue.counters.value(.exported) == 1 - rejected)
        }
    }
}
