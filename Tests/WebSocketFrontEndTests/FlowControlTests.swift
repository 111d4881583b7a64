import MemoryBudget
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import WebSocketFrontEnd

@Suite("Flow control and timers", .timeLimit(.minutes(2)))
struct FlowControlTests {
    @Test
    func `A paused session is handed nothing until it resumes, then everything in order`() async throws {
        let admission = StubAdmission { connection, text in
            if String(buffer: text).hasPrefix("pause") { connection.pauseReading() }
        }
        try await RunningListener.run(admission: admission) { running in
            let (client, session) = try await running.connected()
            // Both come in one segment; the second is in the decoder's hands when the first pauses.
            try await client.send(bytes: RawClient.text("pause 1") + RawClient.text("pause 2") + RawClient.frame(0x89))
            #expect(try await session.events.next() == .text("pause 1"))
            #expect(try await client.frame() == .pong(""), "what was read already is alive")
            try await client.send(bytes: RawClient.text("three"))
            // A timer that fires after the pause shows that nothing else came first.
            _ = try await session.onLoop { $0.armTimer(at: .now() + .milliseconds(50)) }
            #expect(try await session.events.next() == .timer)
            _ = try await session.onLoop { $0.resumeReading() }
            #expect(try await session.events.next() == .text("pause 2"))
            _ = try await session.onLoop { $0.armTimer(at: .now() + .milliseconds(50)) }
            #expect(try await session.events.next() == .timer)
            _ = try await session.onLoop { $0.resumeReading() }
            #expect(try await session.events.next() == .text("three"))
        }
    }

    @Test
    func `What came before the end is handed over before the end, though reading is paused`() async throws {
        let admission = StubAdmission { connection, _ in connection.pauseReading() }
        try await RunningListener.run(admission: admission) { running in
            let (client, session) = try await running.connected()
            try await client.send(bytes: RawClient.text("one") + RawClient.text("two") + RawClient.close(1000))
            #expect(try await session.events.next() == .text("one"))
            #expect(try await session.events.next() == .text("two"))
            #expect(
                try await session.events.next() == .ended(ConnectionEnd(reason: .closedByPeer, closeCode: 1000))
            )
        }
    }

    @Test
    func `A peer that takes nothing of what is written is closed after the send time-out`() async throws {
        let configuration = RunningListener.configuration { $0.sendTimeout = .milliseconds(200) }
        try await RunningListener.run(configuration) { running in
            let (client, session) = try await running.connected()
            try await client.channel.setOption(.autoRead, value: false).get()
            _ = try await session.onLoop { connection in
                // More than the kernel takes for a peer that does not read.
                while connection.isTakenAtOnce { connection.send(text: ByteBuffer(repeating: 0x78, count: 100_000)) }
            }
            #expect(try await session.events.next().endReason == .sendTimeout)
            try await client.close()
        }
    }

    @Test
    func
        `A peer that falls behind gets everything once it reads again, and no pong but for its first ping and its last`()
        async throws
    {
        // No timer helps: what waits is written when there is room.
        let configuration = RunningListener.configuration { $0.sendTimeout = .hours(1) }
        try await RunningListener.run(configuration) { running in
            let (client, session) = try await running.connected()
            try await client.channel.setOption(.autoRead, value: false).get()
            _ = try await session.onLoop { connection in
                // Not enough to stop reading from the peer, but more than it has taken.
                while connection.isTakenAtOnce { connection.send(text: ByteBuffer(repeating: 0x78, count: 10_000)) }
                connection.send(text: ByteBuffer(string: "last"))
            }
            for index in 0..<3 { try await client.send(frame: 0x89, Array("ping \(index)".utf8)) }
            try await client.send(bytes: RawClient.text("pinged"))
            #expect(try await session.events.next() == .text("pinged"))
            try await client.channel.setOption(.autoRead, value: true).get()
            var frame = try await client.frame()
            while frame.payload.count == 10_000 { frame = try await client.frame() }
            #expect(frame == .text("last"))
            #expect(try await client.frame() == .pong("ping 0"))
            #expect(try await client.frame() == .pong("ping 2"))
        }
    }

    @Test
    func `There is room for messages until a session's share lies for the peer, and again once it has taken that`()
        async throws
    {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.channel.setOption(.autoRead, value: false).get()
            let sent = try await session.onLoop { connection in
                var sent = 0
                while connection.hasRoom(for: 100_000), sent < 1_000 {
                    connection.send(text: ByteBuffer(repeating: 0x78, count: 100_000))
                    sent += 1
                }
                // Whatever lies there, a CALL and what the gateway has to say have their place.
                connection.send(text: ByteBuffer(repeating: 0x79, count: 500_000))
                connection.send(text: ByteBuffer(string: "last"))
                return sent
            }
            // The share, and what the kernel's buffers hold.
            #expect(sent > 40 && sent < 1_000)
            try await client.channel.setOption(.autoRead, value: true).get()
            var frame = try await client.frame()
            while frame != .text("last") { frame = try await client.frame() }
            try await client.send(bytes: RawClient.text("taken"))
            #expect(try await session.events.next() == .text("taken"))
            #expect(try await session.onLoop { $0.hasRoom(for: 4_000_000) })
        }
    }

    @Test
    func `A peer that leaves more lying than a session may hold is closed, however long it may take`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            try await client.channel.setOption(.autoRead, value: false).get()
            _ = try await session.onLoop { connection in
                for _ in 0..<300 { connection.send(text: ByteBuffer(repeating: 0x78, count: 100_000)) }
            }
            #expect(try await session.events.next().endReason == .sendQueueFull)
            try await client.close()
        }
    }

    @Test
    func `Unfinished messages take from the memory of all, and what there is none for is closed with 1013`()
        async throws
    {
        let memory = MemoryBudget(limit: 100_000)
        try await RunningListener.run(memory: memory) { running in
            let (first, _) = try await running.connected()
            try await first.send(bytes: RawClient.frame(0x01, Array(repeating: 0x78, count: 60_000)))
            let (second, session) = try await running.connected()
            try await second.send(bytes: RawClient.frame(0x89))
            #expect(try await second.frame() == .pong(""))
            while memory.used < 60_000 { try await Task.sleep(for: .milliseconds(5)) }
            try await second.send(bytes: RawClient.frame(0x01, Array(repeating: 0x78, count: 60_000)))
            #expect(try await second.frame().closeCode == 1013)
            #expect(try await session.events.next().endReason == .noMemory)
            try await first.send(bytes: RawClient.frame(0x80))
            while memory.used > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test
    func `What a peer's TCP has acknowledged is known, read by it or not`() async throws {
        try await RunningListener.run { running in
            let (client, session) = try await running.connected()
            // Each round trip acknowledges what went before it.
            var rounds = 0
            while try await !session.onLoop({ $0.hasAcknowledgedAll() }), rounds < 1000 {
                try await client.send(bytes: RawClient.frame(0x89))
                #expect(try await client.frame() == .pong(""))
                rounds += 1
            }
            #expect(try await session.onLoop { $0.hasAcknowledgedAll() })
            try await client.channel.setOption(.autoRead, value: false).get()
            let acknowledged = try await session.onLoop { connection in
                while connection.isTakenAtOnce { connection.send(text: ByteBuffer(repeating: 0x78, count: 100_000)) }
                return connection.hasAcknowledgedAll()
            }
            #expect(!acknowledged)
        }
    }

    @Test
    func `A peer makes progress when less is pending than there was and was written since`() {
        let start = NIODeadline.uptimeNanoseconds(10_000_000_000)
        let stall = SendStall(pending: 100, now: start, timeout: .seconds(4))
        #expect(stall.nextCheck == start + .seconds(1))
        stall.wrote(50)
        stall.update(pending: 150, now: start + .seconds(1))
        #expect(stall.lastProgress == start)
        #expect(stall.nextCheck == start + .seconds(2))
        stall.wrote(50)
        stall.update(pending: 199, now: start + .seconds(2))
        #expect(stall.lastProgress == start + .seconds(2))
        stall.update(pending: 199, now: start + .seconds(3))
        #expect(stall.lastProgress == start + .seconds(2))
    }

    @Test
    func `With send_timeout_close off a peer that takes nothing is kept`() async throws {
        let configuration = RunningListener.configuration {
            $0.sendTimeout = .milliseconds(50)
            $0.closesOnSendTimeout = false
        }
        try await RunningListener.run(configuration) { running in
            let (client, session) = try await running.connected()
            try await client.channel.setOption(.autoRead, value: false).get()
            _ = try await session.onLoop { connection in
                while connection.isTakenAtOnce { connection.send(text: ByteBuffer(repeating: 0x78, count: 100_000)) }
                connection.armTimer(at: .now() + .milliseconds(400))
            }
            #expect(try await session.events.next() == .timer)
        }
    }

    @Test
    func `A peer that pings and never reads is not read from any further`() async throws {
        let configuration = RunningListener.configuration { $0.sendTimeout = .seconds(1) }
        try await RunningListener.run(configuration) { running in
            let client = try await RawClient.connect(to: running.address, receiveBuffer: 4096)
            try await client.send(RawClient.handshake())
            #expect(try await client.response().status == 101)
            let session = try await running.admission.sessions.next()
            try await client.channel.setOption(.autoRead, value: false).get()
            let pings = (0..<400).flatMap { _ in RawClient.frame(0x89, Array(repeating: 0x78, count: 125)) }
            // In the background: the writes end only when the server reads on or closes.
            let flood = Task { [channel = client.channel] in
                while true { try await channel.writeAndFlush(ByteBuffer(bytes: pings)).get() }
            }
            #expect(try await session.events.next().endReason == .sendTimeout)
            try await client.close()
            _ = await flood.result
        }
    }

    @Test
    func `The timer fires at the time it was last set to, and not when it was cancelled`() async throws {
        try await RunningListener.run { running in
            let (_, session) = try await running.connected()
            let due = NIODeadline.now() + .milliseconds(200)
            _ = try await session.onLoop { connection in
                connection.armTimer(at: .now() + .hours(1))
                connection.armTimer(at: .now() + .milliseconds(20))
                connection.armTimer(at: due)
            }
            #expect(try await session.events.next() == .timer)
            #expect(NIODeadline.now() >= due)
            _ = try await session.onLoop { connection in
                connection.armTimer(at: .now() + .milliseconds(20))
                connection.cancelTimer()
                connection.close(code: 1000, reason: "done")
            }
            let end = ConnectionEnd(reason: .closedHere, closeCode: 1000, detail: "done")
            #expect(try await session.events.next() == .ended(end))
        }
    }

    @Test
    func `A timer may be set again from within the timer`() async throws {
        try await RunningListener.run { running in
            let (_, session) = try await running.connected()
            for _ in 0..<3 {
                _ = try await session.onLoop { $0.armTimer(at: .now()) }
                #expect(try await session.events.next() == .timer)
            }
        }
    }
}
