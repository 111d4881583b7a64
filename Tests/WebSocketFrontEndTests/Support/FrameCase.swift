import Testing

/// One case of RFC 6455 or RFC 7692: what is sent after the upgrade, and what must come back from a listener that
/// answers every text with itself.
///
/// A case needs nothing but an upgraded connection, so the same table runs over `ws`, over `wss`, and compressed.
struct FrameCase: Sendable, CustomTestStringConvertible {
    enum Expected: Sendable, Equatable {
        case text(String)
        case pong(String)
        /// The connection is closed with this code; the last that is expected.
        case close(UInt16)
    }

    var testDescription: String
    /// Each goes out in a write of its own.
    var writes: [[UInt8]]
    var expected: [Expected]

    init(_ description: String, _ writes: [[UInt8]], _ expected: [Expected]) {
        testDescription = description
        self.writes = writes
        self.expected = expected
    }

    /// The longest message that the listener takes.
    static let longestMessage = 70_000

    /// - Parameter connect: Gives a connection whose upgrade is done.
    func run(connect: () async throws -> RawClient) async throws {
        let client = try await connect()
        for write in writes { try await client.send(bytes: write) }
        for expected in self.expected {
            let frame = try await client.frame()
            switch expected {
            case .text(let text):
                #expect(frame.firstByte & 0xBF == 0x81)
                let payload = frame.firstByte & 0x40 == 0 ? frame.payload : try RawDeflate.inflated(frame.payload)
                #expect(payload == Array(text.utf8))
            case .pong(let payload):
                #expect(frame == .pong(payload))
            case .close(let code):
                #expect(frame.closeCode == code)
                try? await client.send(bytes: RawClient.close(code))
                try? await client.channel.close(mode: .output)
                #expect(try await client.closedByServer(), "and nothing after the close frame")
                return
            }
        }
        try await client.send(bytes: RawClient.close(1000, reason: "done"))
        #expect(try await client.frame().closeCode == 1000)
        #expect(try await client.closedByServer())
    }
}
