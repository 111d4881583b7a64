import NIOCore
import TestSupport
import Testing

@testable import WebSocketFrontEnd

@Suite("WebSocket frames, over a socket", .timeLimit(.minutes(2)))
struct FrameTests {
    /// Answers every message with itself.
    static func echo() -> StubAdmission {
        StubAdmission { connection, text in connection.send(text: text) }
    }

    @Test(arguments: [0, 1, 125, 126, 2048, 65535, 65536, 512 * 1024])
    func `Text goes both ways, whatever its length`(length: Int) async throws {
        try await RunningListener.run(admission: Self.echo()) { running in
            let (client, session) = try await running.connected()
            let text = String(repeating: "ü", count: length / 2) + (length % 2 == 1 ? "x" : "")
            try await client.send(bytes: RawClient.text(text))
            #expect(try await client.frame() == .text(text))
            #expect(try await session.events.next() == .text(text))
            #expect(session.numberOfLifeSigns == 1)
        }
    }

    @Test(
        arguments: [0, 63, 64, 2048, 100_000])
    func `With one message per round, all of a burst come through in order, of any length`(length: Int) async throws {
        let configuration = RunningListener.configuration { $0.framesPerRound = 1 }
        try await RunningListener.run(configuration, admission: Self.echo()) { running in
            let (client, session) = try await running.connected()
            let text = String(repeating: "x", count: length)
            for _ in 0..<3 { try await client.send(bytes: RawClient.text(text)) }
            for _ in 0..<3 {
                #expect(try await client.frame() == .text(text))
                #expect(try await session.events.next() == .text(text))
            }
        }
    }

    @Test
    func `Several messages in one segment are answered one frame each, in order`() async throws {
        try await RunningListener.run(admission: Self.echo()) { running in
            let (client, _) = try await running.connected()
            try await client.send(bytes: (0..<200).flatMap { RawClient.text("message \($0)") })
            for index in 0..<200 { #expect(try await client.frame() == .text("message \(index)")) }
        }
    }

    @Test
    func `A fragmented message is one message, with pings answered in between`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.send(frame: 0x01, Array("[2,".utf8))
            try await client.send(frame: 0x00)
            try await client.send(frame: 0x89, Array("in between".utf8))
            try await client.send(frame: 0x00, Array("\"1\"".utf8))
            try await client.send(frame: 0x80, Array("]".utf8))
            #expect(try await client.frame() == .pong("in between"))
            #expect(try await session.events.next() == .text("[2,\"1\"]"))
            #expect(session.numberOfLifeSigns == 5)
        }
    }

    @Test
    func `A frame may come byte by byte, a message in fragments of one byte`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            for byte in RawClient.text("slow") { try await client.send(bytes: [byte]) }
            #expect(try await session.events.next() == .text("slow"))
            let length = 100_000
            var bytes = RawClient.frame(0x01)
            for _ in 0..<length { bytes += RawClient.frame(0x00, [0x78]) + RawClient.frame(0x00) }
            try await client.send(bytes: bytes + RawClient.frame(0x80))
            #expect(try await session.events.next() == .text(String(repeating: "x", count: length)))
        }
    }

    @Test
    func `Text that is not UTF-8 is the session's business`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.send(frame: 0x81, [0xFF])
            #expect(try await session.events.next() == .text("\u{FFFD}"))
        }
    }

    @Test
    func `A pong is a sign of life and nothing else`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            _ = try await session.onLoop { $0.sendPing() }
            #expect(try await client.frame() == .ping)
            try await client.send(frame: 0x8A)
            try await client.send(bytes: RawClient.text("x"))
            #expect(try await session.events.next() == .text("x"))
            #expect(session.numberOfLifeSigns == 2)
        }
    }

    @Test
    func `A message that is held back is a sign of life as it arrives`() async throws {
        let admission = StubAdmission { connection, _ in connection.pauseReading() }
        try await RunningListener.run(admission: admission) { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: RawClient.text("first") + RawClient.text("held"))
            #expect(try await session.events.next() == .text("first"))
            #expect(await eventually { session.numberOfLifeSigns == 2 })
            _ = try await session.onLoop { $0.resumeReading() }
            #expect(try await session.events.next() == .text("held"))
        }
    }

    struct Violation: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var bytes: [UInt8]
        var code: UInt16 = 1002
    }

    static let violations: [Violation] = [
        Violation(testDescription: "binary", bytes: RawClient.frame(0x82, [1]), code: 1003),
        Violation(testDescription: "the start of a binary message", bytes: RawClient.frame(0x02, [1]), code: 1003),
        Violation(testDescription: "unmasked", bytes: RawClient.frame(0x81, [0x78], masked: false)),
        Violation(testDescription: "unmasked ping", bytes: RawClient.frame(0x89, masked: false)),
        Violation(testDescription: "RSV1", bytes: RawClient.frame(0xC1, [0x78])),
        Violation(testDescription: "RSV2", bytes: RawClient.frame(0xA1, [0x78])),
        Violation(testDescription: "RSV3", bytes: RawClient.frame(0x91, [0x78])),
        Violation(testDescription: "opcode 3", bytes: RawClient.frame(0x83)),
        Violation(testDescription: "opcode 11", bytes: RawClient.frame(0x8B)),
        Violation(testDescription: "opcode 15", bytes: RawClient.frame(0x8F)),
        Violation(testDescription: "fragmented ping", bytes: RawClient.frame(0x09)),
        Violation(testDescription: "fragmented close", bytes: RawClient.frame(0x08)),
        Violation(
            testDescription: "ping of 126 bytes",
            bytes: RawClient.frame(0x89, Array(repeating: 0, count: 126))
        ),
        Violation(testDescription: "continuation without a start", bytes: RawClient.frame(0x80, [0x78])),
        Violation(
            testDescription: "a message inside another",
            bytes: RawClient.frame(0x01, [0x78]) + RawClient.frame(0x81, [0x78])
        ),
        Violation(testDescription: "close of one byte", bytes: RawClient.frame(0x88, [3])),
        Violation(testDescription: "close 999", bytes: RawClient.close(999)),
        Violation(testDescription: "close 1005", bytes: RawClient.close(1005)),
        Violation(testDescription: "close 2999", bytes: RawClient.close(2999)),
        Violation(testDescription: "close, reason not UTF-8", bytes: RawClient.frame(0x88, [3, 0xE8, 0xFF])),
        Violation(
            testDescription: "a frame declared longer than the limit",
            bytes: RawClient.frame(0x81, declaredLength: 1001),
            code: 1009
        ),
        Violation(
            testDescription: "a frame of 2^63 bytes",
            bytes: [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            code: 1009
        ),
        Violation(
            testDescription: "fragments longer than the limit together",
            bytes: RawClient.frame(0x01, Array(repeating: 0x78, count: 1000)) + RawClient.frame(0x80, [0x78]),
            code: 1009
        ),
    ]

    @Test(arguments: violations)
    func `What a server must not accept closes the connection with the code for it`(_ violation: Violation) async throws
    {
        let configuration = RunningListener.configuration { $0.maxFrameSize = 1000 }
        try await RunningListener.run(configuration) { running in
            let (client, session) = try await running.connected()
            let sent = RawClient.text("before") + violation.bytes + RawClient.text("after")
            try await client.send(bytes: sent)
            #expect(try await session.events.next() == .text("before"))
            guard case .ended(let end) = try await session.events.next() else {
                Issue.record("something of what came after")
                return
            }
            #expect(end.reason == .protocolError && end.closeCode == violation.code && !end.detail.isEmpty)
            #expect(try await client.frame().closeCode == violation.code)
            // After a faulty close frame there is nobody to send it to any more.
            try? await client.send(bytes: RawClient.close(violation.code))
            try? await client.channel.close(mode: .output)
            #expect(try await client.closedByServer())
        }
    }

    @Test
    func `A message of exactly the limit is accepted`() async throws {
        let configuration = RunningListener.configuration { $0.maxFrameSize = 1000 }
        try await RunningListener.run(configuration) { running in
            let (client, session) = try await running.connected()
            let text = String(repeating: "x", count: 1000)
            try await client.send(bytes: RawClient.text(text))
            #expect(try await session.events.next() == .text(text))
        }
    }
}
