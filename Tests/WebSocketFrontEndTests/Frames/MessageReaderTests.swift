import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("Messages put together from what comes in")
struct MessageReaderTests {
    /// What comes of `pieces`, read one after another.
    static func events(
        _ pieces: [[UInt8]], longest: Int = 1000, mayBeCompressed: Bool = false
    ) -> [MessageReader.Event] {
        var reader = MessageReader(longest: longest, mayBeCompressed: mayBeCompressed)
        var events: [MessageReader.Event] = []
        for piece in pieces {
            var bytes = ByteBuffer(bytes: piece)
            while let event = reader.next(from: &bytes) { events.append(event) }
            #expect(bytes.readableBytes == 0, "nothing is left for later")
        }
        return events
    }

    private static func frame(_ firstByte: UInt8, _ text: String = "") -> [UInt8] {
        RawClient.frame(firstByte, Array(text.utf8))
    }

    private static func message(_ text: String) -> MessageReader.Event { .message(ByteBuffer(string: text)) }

    @Test
    func `Fragments are joined in order, empty ones too, with control frames in between`() {
        let sent =
            Self.frame(0x01) + Self.frame(0x00, "he") + Self.frame(0x89, "?") + Self.frame(0x00)
            + Self.frame(0x00, "llo") + Self.frame(0x8A) + Self.frame(0x80) + Self.frame(0x81, "next")
        #expect(
            Self.events([sent], longest: 5) == [
                .fragment, .fragment, .ping(ByteBuffer(string: "?")), .fragment, .fragment, .pong,
                Self.message("hello"), Self.message("next"),
            ])
    }

    @Test
    func `However the bytes are cut in two or three, the same comes of them`() {
        let sent =
            Self.frame(0x81, "text") + Self.frame(0x01, "a") + Self.frame(0x89, "ping") + Self.frame(0x80)
            + RawClient.frame(0x81, Array(repeating: 0x78, count: 130)) + Self.frame(0x8A) + RawClient.close(1000)
        let whole = Self.events([sent])
        #expect(whole.count == 7)
        for first in 0...sent.count {
            for second in stride(from: first, through: sent.count, by: 7) {
                let pieces = [sent[..<first], sent[first..<second], sent[second...]].map { Array($0) }
                #expect(Self.events(pieces) == whole, "cut at \(first) and \(second)")
            }
        }
        #expect(Self.events(sent.map { [$0] }) == whole)
    }

    @Test(arguments: [126, 65_535, 65_536, 70_001])
    func `A long message may be cut anywhere in its header`(length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let sent = RawClient.frame(0x81, payload) + Self.frame(0x89)
        for cut in Array(0...16) + [length / 2, length / 2 + 1, sent.count - 1] {
            let events = Self.events([Array(sent[..<cut]), Array(sent[cut...])], longest: 70_001)
            #expect(events == [.message(ByteBuffer(bytes: payload)), .ping(ByteBuffer())])
        }
    }

    @Test
    func `All fragments together may not be longer than the limit; that is found before the last has come`() {
        let tooLong = MessageReader.Event.violation(.tooLong, findsClose: true)
        #expect(Self.events([Self.frame(0x01, "123") + Self.frame(0x00, "456").prefix(6)], longest: 5).last == tooLong)
        #expect(Self.events([Self.frame(0x01, "12345") + Self.frame(0x80)], longest: 5).last == Self.message("12345"))
        let declared = RawClient.frame(0x81, declaredLength: 6).prefix(2)
        let found = Self.events([Array(declared)], longest: 5)
        #expect(found == [.violation(.tooLong, findsClose: false)], "before the mask")
    }

    @Test
    func `A length is never held against the memory of the gateway, only what has come of it is`() {
        var parser = FrameParser(longest: 1 << 30)
        var bytes = ByteBuffer(bytes: RawClient.frame(0x81, declaredLength: 1 << 30) + [1, 2, 3])
        guard case .header = parser.takeHeader(from: &bytes) else {
            Issue.record("no header")
            return
        }
        var payload = ByteBuffer()
        #expect(!parser.takePayload(from: &bytes, to: &payload))
        #expect(payload.readableBytes == 3)
        #expect(payload.capacity < 64)
    }

    @Test
    func `After a violation only a close frame still counts, where frames can be found at all`() {
        let rest = Self.frame(0x81, "unheard") + Self.frame(0x01, "x") + Self.frame(0xF3) + RawClient.close(1002)
        let goesOn = Self.events([Self.frame(0x80, "x") + rest])
        #expect(goesOn.first == .violation(.continuationOfNothing, findsClose: true))
        #expect(goesOn.last == .close(ByteBuffer()))
        #expect(!goesOn.contains { if case .message = $0 { true } else { false } })
        #expect(Self.events([Self.frame(0x09) + rest]) == [.violation(.fragmentedControl, findsClose: false)])
    }

    @Test(arguments: [0, 1, 125, 126, 0xFFFF])
    func `A length in more bytes than it needs is refused`(length: Int) {
        let mask: [UInt8] = [0, 0, 0, 0]
        let payload = Array(repeating: UInt8(0x78), count: length)
        let eight = [0x81, 0xFF, 0, 0, 0, 0, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF)] + mask + payload
        let longLength = [MessageReader.Event.violation(.longLength, findsClose: true)]
        #expect(Self.events([eight + RawClient.close(1002)], longest: 0xFFFF).prefix(1) == longLength[...])
        if length <= 125 {
            let two = [0x89, 0xFE, 0, UInt8(length)] + mask + payload
            #expect(Self.events([two]).prefix(1) == longLength[...])
        }
    }

    @Test
    func `RSV1 says that a message is compressed, where that was agreed`() {
        let sent = Self.frame(0x41, "ab") + Self.frame(0x80, "c") + Self.frame(0x81, "d")
        #expect(
            Self.events([sent], mayBeCompressed: true) == [
                .fragment, .compressed(ByteBuffer(string: "abc")), Self.message("d"),
            ])
        #expect(Self.events([sent]).first == .violation(.reservedBits, findsClose: true))
        #expect(
            Self.events([Self.frame(0xC0, "x")], mayBeCompressed: true)
                == [.violation(.reservedBits, findsClose: true), .fragment])
    }
}
