import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("How a connection ends", .timeLimit(.minutes(2)))
struct CloseTests {
    @Test(arguments: [1000, 1001, 3000])
    func `A close frame is answered with its code, then the server closes`(code: UInt16) async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: RawClient.close(code, reason: "bye"))
            #expect(
                try await client.frame()
                    == RawClient.Frame(firstByte: 0x88, payload: [UInt8(code >> 8), UInt8(code & 0xFF)]))
            #expect(try await client.closedByServer())
            let end = ConnectionEnd(reason: .closedByPeer, closeCode: code, detail: "bye")
            #expect(try await session.events.next() == .ended(end))
            #expect(running.listener.connectionCount == 0)
        }
    }

    @Test
    func `An empty close frame is answered with an empty one`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.send(frame: 0x88)
            #expect(try await client.frame() == RawClient.Frame(firstByte: 0x88, payload: []))
            #expect(try await client.closedByServer())
            #expect(try await session.events.next() == .ended(ConnectionEnd(reason: .closedByPeer)))
        }
    }

    @Test(arguments: [false, true])
    func `A connection that ends without a close frame is lost`(byReset: Bool) async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: RawClient.text("last words"))
            #expect(try await session.events.next() == .text("last words"))
            if byReset {
                try await client.resetOnClose()
            }
            try await client.close()
            let detail = byReset ? "connection reset by peer" : "closed without a close frame"
            let end = ConnectionEnd(reason: .connectionLost, detail: detail)
            #expect(try await session.events.next() == .ended(end))
            // Whatever is done with it now does nothing.
            _ = try await session.onLoop { connection in
                connection.send(text: ByteBuffer(string: "too late"))
                connection.sendPing()
                connection.pauseReading()
                connection.resumeReading()
                connection.armTimer(at: .now())
                connection.cancelTimer()
                connection.close(code: 1000, reason: "again")
            }
            #expect(running.listener.connectionCount == 0)
        }
    }

    @Test
    func `The session's close sends its code and reason and ends the session once, with nothing read after it`()
        async throws
    {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            _ = try await session.onLoop { connection in
                connection.close(code: 1008, reason: "replaced by a newer connection")
                connection.close(code: 1001, reason: "going away")
                connection.send(text: ByteBuffer(string: "too late"))
            }
            let frame = try await client.frame()
            #expect(frame.closeCode == 1008)
            #expect(String(decoding: frame.payload.dropFirst(2), as: UTF8.self) == "replaced by a newer connection")
            try await client.send(bytes: RawClient.text("unheard") + RawClient.close(1008))
            #expect(try await client.closedByServer())
            let end = ConnectionEnd(
                reason: .closedHere, closeCode: 1008, detail: "replaced by a newer connection")
            #expect(try await session.events.next() == .ended(end))
        }
    }

    @Test
    func `A session may close in the middle of being handed a message`() async throws {
        let admission = StubAdmission { connection, _ in
            connection.send(text: ByteBuffer(string: "answer"))
            connection.close(code: 1007, reason: "not UTF-8")
        }
        try await RunningListener.run(admission: admission) { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: RawClient.text("one") + RawClient.text("two"))
            #expect(try await client.frame() == .text("answer"))
            #expect(try await client.frame().closeCode == 1007)
            #expect(try await session.events.next() == .text("one"))
            let end = ConnectionEnd(reason: .closedHere, closeCode: 1007, detail: "not UTF-8")
            #expect(try await session.events.next() == .ended(end))
        }
    }

    @Test(
        arguments: [
            RawClient.frame(0x88, [0x03]), RawClient.close(1005), RawClient.frame(0x88, [0x03, 0xE8, 0xFF]),
            RawClient.frame(0x08, [0x03, 0xE8]), RawClient.frame(0xC8, [0x03, 0xE8]),
            RawClient.frame(0x88, [0x03, 0xE8], masked: false),
        ])
    func `After a close frame that breaks the rules the TCP connection is closed at once`(frame: [UInt8]) async throws {
        try await RunningListener.run(RunningListener.configuration { $0.closeTimeout = .hours(1) }) { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: frame)
            #expect(try await client.frame().closeCode == 1002)
            #expect(try await client.closedByServer())
            #expect(try await session.events.next().endReason == .protocolError)
        }
    }

    @Test
    func `The peer's words are the detail of the end, in one line`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: RawClient.close(1011, reason: "pong\ntimeout"))
            let end = ConnectionEnd(reason: .closedByPeer, closeCode: 1011, detail: "pong timeout")
            #expect(try await session.events.next() == .ended(end))
        }
    }

    @Test
    func `A peer that does not answer a close frame is closed after 5 s, though it goes on sending`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            let started = NIODeadline.now()
            _ = try await session.onLoop { $0.close(code: 1001, reason: "going away") }
            #expect(try await client.frame().closeCode == 1001)
            try await client.send(bytes: RawClient.text("unheard"))
            #expect(try await client.closedByServer())
            #expect(NIODeadline.now() - started >= .seconds(5))
            let end = ConnectionEnd(reason: .closedHere, closeCode: 1001, detail: "going away")
            #expect(try await session.events.next() == .ended(end))
        }
    }

    @Test
    func `A reading pause does not hide the peer's answer to a close frame`() async throws {
        try await RunningListener.run(RunningListener.configuration { $0.closeTimeout = .hours(1) }) { running in
            let (client, session) = try await running.connected()
            _ = try await session.onLoop { connection in
                connection.pauseReading()
                connection.close(code: 1001, reason: "going away")
            }
            #expect(try await client.frame().closeCode == 1001)
            try await client.send(bytes: RawClient.close(1001))
            #expect(try await client.closedByServer())
        }
    }
}
