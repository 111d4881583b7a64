import CallTracing
import MemoryBudget
import NIOCore
import OCPPJ
import OutsideNames
import Testing
import Tracing

@testable import ChargePointSessions

/// operations.md, "Traces": where spans of CALLs begin and end.
@Suite("Traces of CALLs")
struct SessionTracingTests {
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func withTraces(
        ratio: Double = 1, settings: SessionSettings = SessionSettings(),
        _ body: (Ends, ChargePointSession, SpanQueue) async throws -> Void
    ) async throws {
        let tracer = CallTracer(sampler: TraceSampler(ratio: ratio))
        try await withEnds(settings: settings, tracer: tracer) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            try await body(ends, session, tracer.queue)
            #expect(tracer.queue.count == 0, "every span is looked at")
        }
    }

    private func command(_ id: String, _ traceParent: String? = nil) -> DownstreamMessage {
        let text = #"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"ClearCache","Payload":{}}"#
        return DownstreamMessage(
            payload: ByteBuffer(string: text), isRetained: false, expires: nil, traceParent: traceParent)
    }

    private func reason(_ span: FinishedSpan) -> String? {
        guard case .string(let reason) = span.attributes.get("ocpp.reason") else { return nil }
        return reason
    }

    private func spans(_ queue: SpanQueue) -> [String] {
        queue.takeBatch().map { "\($0.name) \($0.status?.message ?? "-") \(reason($0) ?? "-")" }
    }

    @Test func `A CALL that the broker does not take ends its span`() async throws {
        try await withTraces { ends, session, queue in
            ends.link.takesMessages.withLock { $0 = false }
            try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#)) }
            #expect(
                spans(queue) == [
                    "Heartbeat too much waits for the broker already: the queue is full not_published"
                ])
        }
    }

    @Test func `An action that nobody defines makes no name, and a retry no span`() async throws {
        try await withTraces { ends, session, queue in
            let call = ByteBuffer(string: #"[2,"1","Whatever",{}]"#)
            try await ends.on(session) { session in
                session.received(text: call)
                session.received(text: call)
                session.end(.goingAway)
            }
            #expect(spans(queue) == ["other action the session has ended going_away"])
        }
    }

    @Test func `A CALL from the back end that is there already takes nothing from the first`() async throws {
        try await withTraces(ratio: 0) { ends, session, queue in
            try await ends.on(session) { [self] session in
                session.received(command("1", Self.parent))
                session.received(command("1", Self.parent))
                session.received(text: ByteBuffer(string: #"[3,"1",{}]"#))
            }
            let finished = queue.takeBatch()
            #expect(finished.count == 1 && finished.first?.status == nil)
            let span = try #require(finished.first?.trace)
            #expect(ends.link.traceParents.withLock { $0 } == [span.traceparent])
        }
    }

    @Test func `One that has no place, one that waits in vain, and one that is unanswered at the end`() async throws {
        try await withTraces(ratio: 0, settings: SessionSettings(maxQueuedCalls: 1)) { ends, session, queue in
            try await ends.on(session) { [self] session in
                for id in ["unanswered", "waits", "too many"] { session.received(command(id, Self.parent)) }
                session.end(.keepaliveTimeout)
            }
            #expect(
                spans(queue) == [
                    "ClearCache 1 CALLs wait for this charge point already queue_full",
                    "ClearCache the charge point's session has ended disconnected",
                    "ClearCache the charge point's session has ended disconnected",
                ])
        }
    }

    @Test func `An answer that the broker does not take is an error, and is told once`() async throws {
        try await withTraces(ratio: 0) { ends, session, queue in
            try await ends.on(session) { [self] session in session.received(command("1", Self.parent)) }
            ends.link.takesMessages.withLock { $0 = false }
            try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[3,"1",{}]"#)) }
            #expect(spans(queue).map { $0.hasSuffix(" not_relayed") } == [true])
        }
    }

    @Test func `Of what the charge point says in an error only the code is told`() async throws {
        try await withTraces(ratio: 0) { ends, session, queue in
            try await ends.on(session) { [self] session in
                session.received(command("1", Self.parent))
                session.received(text: ByteBuffer(string: #"[4,"1","NotSupported","a secret",{}]"#))
            }
            #expect(spans(queue) == ["ClearCache NotSupported -"])
        }
    }

    @Test func `A CALL of an operator is traced too, until he waits no longer or has his answer`() async throws {
        try await withTraces { ends, session, queue in
            let request = OperatorCall(
                action: "Reset", payload: ByteBuffer(string: #"{"type":"Soft"}"#), timeout: .seconds(5))
            try await ends.on(session) { session in
                session.call(request, "a") { _ in }
                session.call(request, "b") { _ in }
                session.received(text: ByteBuffer(string: #"[3,"a",{"status":"Accepted"}]"#))
                session.end(.goingAway)
            }
            #expect(spans(queue) == ["Reset - -", "Reset no answer of the charge point disconnected"])
        }
    }

    @Test func `A long UniqueId is cut in a span, and a message that cannot be read has one`() async throws {
        try await withTraces { ends, session, queue in
            let long = String(repeating: "é", count: 127)
            try await ends.on(session) { [self] session in
                session.received(command(long, Self.parent))
                var retained = command("2", Self.parent)
                retained.isRetained = true
                session.received(retained)
                // An answer and a text that is nothing have none.
                let nothing = ByteBuffer(string: "nothing")
                session.received(
                    DownstreamMessage(payload: nothing, isRetained: false, expires: nil, traceParent: Self.parent))
                session.end(.goingAway)
            }
            let finished = queue.takeBatch()
            #expect(finished.map(\.name) == ["refused CALL", "ClearCache"])
            #expect(finished.first.flatMap(reason) == "retained")
            #expect(finished.last?.attributes.get("ocpp.unique_id") == .string(long))
            #expect(String(repeating: "x", count: 300).boundedForSpan.utf8.count == 255)
        }
    }

    @Test func `Where nothing is traced nothing is sent with a traceparent`() async throws {
        try await withEnds { ends in
            let session = try await ends.connect()
            try await ends.on(session) { [self] session in
                session.subscriptionAcknowledged()
                session.received(text: ByteBuffer(string: #"[2,"1","Heartbeat",{}]"#))
                session.received(command("2", Self.parent))
                session.received(text: ByteBuffer(string: #"[3,"2",{}]"#))
            }
            #expect(ends.link.traceParents.withLock { $0 } == [nil, nil])
        }
    }

    @Test func `An idle session has no byte for traces`() {
        // As many as the dictionary of Response Topics was.
        #expect(MemoryLayout<CallSenders>.size == MemoryLayout<[UniqueID: ReplyAddress]>.size)
    }
}
