import MemoryBudget
import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("What is agreed about permessage-deflate")
struct CompressionAgreementTests {

    @Test(
        arguments: [
            (["Permessage-Deflate ; Client_Max_Window_Bits"], "; client_max_window_bits=10"),
            (
                ["permessage-deflate; client_max_window_bits=10; client_no_context_takeover"],
                "; client_no_context_takeover"
            ),
            (
                ["permessage-deflate;server_no_context_takeover;client_max_window_bits=\"8\""],
                "; server_no_context_takeover; client_max_window_bits=8"
            ),
            (
                ["permessage-deflate; client_no_context_takeover; server_max_window_bits=\"11\""],
                "; client_no_context_takeover; server_max_window_bits=11"
            ),
            (
                ["permessage-deflate; server_max_window_bits=8, permessage-deflate; client_no_context_takeover"],
                "; client_no_context_takeover"
            ),
            (["permessage-deflate, permessage-deflate; client_max_window_bits=15"], "; client_max_window_bits=10"),
            (
                ["not;;a list", "x-other", ", ,permessage-deflate; client_no_context_takeover,"],
                "; client_no_context_takeover"
            ),
        ]
    )
    func `The first acceptable offer is taken, and the answer names what it named`(offers: [String], window: String) {
        #expect(CompressionAgreement(offeredIn: offers)?.header == "permessage-deflate" + window)
    }

    @Test(
        arguments: [
            "permessage-deflate", "permessage-deflate; server_no_context_takeover; server_max_window_bits=9",
            "", "x-webkit-deflate-frame", "permessage-bzip2", "permessage-deflate; unknown",
            "permessage-deflate; server_no_context_takeover=1", "permessage-deflate; client_no_context_takeover=true",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; server_max_window_bits", "permessage-deflate; server_max_window_bits=7",
            "permessage-deflate; server_max_window_bits=8", "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=09", "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; server_max_window_bits=", "permessage-deflate; server_max_window_bits=\"9",
            "permessage-deflate; client_max_window_bits=7", "permessage-deflate; client_max_window_bits=x",
            "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
            "permessage-deflate permessage-deflate",
            "permessage-deflate;", "\"permessage-deflate\"",
        ]
    )
    func `What must be declined is declined`(offer: String) {
        #expect(CompressionAgreement(offeredIn: [offer]) == nil)
    }

    private static let offer = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

    @Test(arguments: [true, false])
    func `The answer names what was agreed, where compression is on and was offered`(compresses: Bool) async throws {
        try await RunningListener.run(RunningListener.configuration { $0.compression = compresses ? .always : .never })
        { running in
            let (response, _) = try await running.exchange(RawClient.handshake(adding: [Self.offer]))
            #expect(
                response.headers["sec-websocket-extensions"]
                    == (compresses ? "permessage-deflate; client_max_window_bits=10" : nil))
            let (other, _) = try await running.exchange(RawClient.handshake(target: "/ocpp/CP2"))
            #expect(other.status == 101 && other.headers["sec-websocket-extensions"] == nil)
        }
    }
}

@Suite("Messages compressed one by one")
struct MessageCompressionTests {
    /// What does not shrink, and the same on every machine.
    static func noise(_ count: Int) -> [UInt8] {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    static func text(_ count: Int) -> [UInt8] {
        Array(
            Array(repeating: #"{"timestamp":"2026-01-01T00:00:00Z","value":"16.1"},"#, count: count / 52 + 1).joined()
                .utf8
        )
        .prefix(count).map { $0 }
    }

    @Test(arguments: [9, 10, 12, 15])
    func `What is deflated is shorter, and any receiver inflates it`(windowBits: Int) throws {
        let compression = MessageCompression()
        let agreement = try #require(
            CompressionAgreement(
                offeredIn: [
                    "permessage-deflate; client_no_context_takeover; server_max_window_bits=\(windowBits)"
                ]))
        for count in [128, 1000, 5000, 70_000, 512 * 1024] {
            let text = Self.text(count)
            let deflated = try #require(compression.deflate(ByteBuffer(bytes: text), agreed: agreement))
            #expect(deflated.readableBytes < count)
            #expect(try RawDeflate.inflated(Array(deflated.readableBytesView), windowBits: CInt(windowBits)) == text)
        }
    }

    @Test
    func `A message that is short or would not become shorter is sent as it is`() throws {
        let compression = MessageCompression()
        let agreement = try #require(
            CompressionAgreement(offeredIn: ["permessage-deflate; client_no_context_takeover"]))
        #expect(compression.deflate(ByteBuffer(bytes: Self.text(127)), agreed: agreement) == nil)
        for count in [128, 5000, 70_000] {
            #expect(compression.deflate(ByteBuffer(bytes: Self.noise(count)), agreed: agreement) == nil)
        }
        // And what was given up leaves nothing behind in the next.
        let text = Self.text(1000)
        let deflated = try #require(compression.deflate(ByteBuffer(bytes: text), agreed: agreement))
        #expect(try RawDeflate.inflated(Array(deflated.readableBytesView)) == text)
    }

    @Test(arguments: [0, 1, 6, 9] as [CInt])
    func `Whatever a sender's level and window, its messages are inflated`(level: CInt) throws {
        let inflater = try #require(MessageInflater())
        for count in [1, 2, 100, 16383, 16384, 16385, 32768, 200_000] {
            for bytes in [Self.text(count), Self.noise(count)] {
                for windowBits in [9, 15] as [CInt] {
                    let message = ByteBuffer(bytes: try RawDeflate.message(bytes, level: level, windowBits: windowBits))
                    #expect(inflater.inflate(message, longest: count) == .message(ByteBuffer(bytes: bytes)))
                    #expect(inflater.inflate(message, longest: count - 1) == .tooLong)
                }
            }
        }
    }

    @Test
    func `An empty message is empty, in each of its forms`() throws {
        let inflater = try #require(MessageInflater())
        for bytes in [[], [0x00], [0x02, 0x00], [0x03, 0x00]] as [[UInt8]] {
            #expect(inflater.inflate(ByteBuffer(bytes: bytes), longest: 10) == .message(ByteBuffer()), "\(bytes)")
        }
    }

    @Test
    func `A final block may end a message, with or without the byte that completes it`() throws {
        let inflater = try #require(MessageInflater())
        let text = Self.text(1000)
        let finished = try RawDeflate.finished(text)
        let expected = MessageInflater.Outcome.message(ByteBuffer(bytes: text))
        #expect(inflater.inflate(ByteBuffer(bytes: finished + [0]), longest: 1000) == expected)
        #expect(inflater.inflate(ByteBuffer(bytes: finished), longest: 1000) == expected)
    }

    @Test
    func `A sender that refers back to earlier messages is understood from its window alone`() throws {
        let compression = MessageCompression()
        let window = InflateWindow(bits: 10)
        let texts = (0..<20).map { Self.text(100 + 137 * $0) }
        for (message, text) in zip(try RawDeflate.messages(texts, windowBits: 10), texts) {
            // Another connection's message in between.
            let other = ByteBuffer(bytes: try RawDeflate.message(Self.noise(3000)))
            #expect(compression.inflate(other, longest: 3000) == .message(ByteBuffer(bytes: Self.noise(3000))))
            let inflated = compression.inflate(ByteBuffer(bytes: message), longest: 10_000, window: window)
            #expect(inflated == .message(ByteBuffer(bytes: text)))
            #expect(window.bytes.readableBytes <= 1024)
        }
    }

    @Test
    func `Compressed messages are held as they came, and counted`() {
        let memory = MemoryBudget(limit: 1000)
        let held = HeldMessages(memory: memory)
        held.append(.compressed(ByteBuffer(repeating: 0, count: 40)))
        held.append(.plain(ByteBuffer(repeating: 0, count: 60)))
        #expect(memory.used == 100)
        _ = held.popFirst()
        #expect(memory.used == 60)
        _ = held.popFirst()
        #expect(memory.used == 0 && held.isEmpty)
    }

    @Test
    func `With nothing set permessage-deflate is for OCPP 2.x sessions`() {
        #expect(CompressionPolicy.inOCPP2.accepts(inSubprotocol: "ocpp2.0.1"))
        #expect(!CompressionPolicy.inOCPP2.accepts(inSubprotocol: "ocpp1.6"))
        #expect(CompressionPolicy.always.accepts(inSubprotocol: "ocpp1.6"))
        #expect(!CompressionPolicy.never.accepts(inSubprotocol: "ocpp2.1"))
    }

    @Test
    func `A bomb is found out at the limit, not inflated whole`() throws {
        let inflater = try #require(MessageInflater())
        let bomb = ByteBuffer(bytes: try RawDeflate.message(Array(repeating: 0, count: 100_000_000), level: 9))
        #expect(bomb.readableBytes < 100_000)
        #expect(inflater.inflate(bomb, longest: 1000) == .tooLong)
        #expect(inflater.bytesTaken < bomb.readableBytes / 100)
    }

    @Test
    func `What is cut off or garbled is invalid, and the next message is not touched by it`() throws {
        let inflater = try #require(MessageInflater())
        let text = Self.text(3000)
        let message = try RawDeflate.message(text)
        for length in 1..<message.count - 1 {
            let cut = ByteBuffer(bytes: message.prefix(length))
            #expect(inflater.inflate(cut, longest: 3000) != .message(ByteBuffer(bytes: text)))
        }
        for bytes in [[0xFF], [0x06], [0x01, 0x05, 0x00, 0x00, 0x00, 0x00], [0x4B]] as [[UInt8]] {
            #expect(inflater.inflate(ByteBuffer(bytes: bytes), longest: 3000) == .invalid, "\(bytes)")
        }
        #expect(inflater.inflate(ByteBuffer(bytes: message), longest: 3000) == .message(ByteBuffer(bytes: text)))
    }

    @Test
    func `No bytes crash the inflater or pass its limit`() throws {
        let inflater = try #require(MessageInflater())
        var random = SystemRandomNumberGenerator()
        let message = try RawDeflate.message(Self.text(2000))
        for _ in 0..<5000 {
            var bytes = message
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
            }
            if case .message(let inflated) = inflater.inflate(ByteBuffer(bytes: bytes), longest: 2100) {
                #expect(inflated.readableBytes <= 2100)
            }
        }
    }
}
