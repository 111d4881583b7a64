import NIOCore
import NIOWebSocket
import Testing

@testable import WebSocketFrontEnd

@Suite("Messages put together from fragments")
struct MessageAssemblyTests {
    static func frame(_ opcode: WebSocketOpcode, _ text: String, fin: Bool) -> WebSocketFrame {
        WebSocketFrame(fin: fin, opcode: opcode, data: ByteBuffer(string: text))
    }

    @Test("A message of one frame is handed over as it is")
    func single() {
        var assembly = MessageAssembly()
        #expect(
            assembly.receive(Self.frame(.text, "hello", fin: true), longest: 5) == .message(ByteBuffer(string: "hello"))
        )
    }

    @Test("Fragments are joined in order, empty ones too")
    func fragments() {
        var assembly = MessageAssembly()
        #expect(assembly.receive(Self.frame(.text, "", fin: false), longest: 5) == .incomplete)
        #expect(assembly.receive(Self.frame(.continuation, "he", fin: false), longest: 5) == .incomplete)
        #expect(assembly.receive(Self.frame(.continuation, "", fin: false), longest: 5) == .incomplete)
        #expect(assembly.receive(Self.frame(.continuation, "llo", fin: false), longest: 5) == .incomplete)
        #expect(
            assembly.receive(Self.frame(.continuation, "", fin: true), longest: 5)
                == .message(ByteBuffer(string: "hello"))
        )
        #expect(
            assembly.receive(Self.frame(.text, "next", fin: true), longest: 5) == .message(ByteBuffer(string: "next")))
    }

    @Test("All fragments together may not be longer than the limit")
    func tooLong() {
        var assembly = MessageAssembly()
        #expect(assembly.receive(Self.frame(.text, "123456", fin: true), longest: 5) == .violation(.tooLong))
        #expect(assembly.receive(Self.frame(.text, "123", fin: false), longest: 5) == .incomplete)
        #expect(assembly.receive(Self.frame(.continuation, "456", fin: true), longest: 5) == .violation(.tooLong))
    }

    @Test("A continuation needs a start, and a start may not come inside a fragmented message")
    func outOfOrder() {
        var assembly = MessageAssembly()
        #expect(
            assembly.receive(Self.frame(.continuation, "x", fin: true), longest: 5)
                == .violation(.continuationOfNothing)
        )
        #expect(assembly.receive(Self.frame(.text, "x", fin: false), longest: 5) == .incomplete)
        #expect(assembly.receive(Self.frame(.text, "x", fin: true), longest: 5) == .violation(.interruptedMessage))
    }
}

@Suite("The payload of a close frame")
struct CloseFrameTests {
    @Test("Codes that may be sent are read, with their reason", arguments: [1000, 1001, 1003, 1007, 1014, 3000, 4999])
    func valid(code: UInt16) {
        var payload = ByteBuffer(integer: code)
        payload.writeString("göing")
        #expect(CloseFrame(payload: payload) == CloseFrame(code: code, reason: "göing"))
        #expect(CloseFrame(code: code, reason: "göing").payload == payload)
    }

    @Test("Other codes are refused", arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
    func invalid(code: UInt16) {
        #expect(CloseFrame(payload: ByteBuffer(integer: code)) == nil)
    }

    @Test("An empty payload has no code; one byte and a reason that is not UTF-8 are refused")
    func malformed() {
        #expect(CloseFrame(payload: ByteBuffer()) == CloseFrame(code: nil))
        #expect(CloseFrame(code: nil).payload == ByteBuffer())
        #expect(CloseFrame(payload: ByteBuffer(bytes: [3])) == nil)
        #expect(CloseFrame(payload: ByteBuffer(bytes: [3, 0xE8, 0xC3])) == nil)
    }

    @Test("A reason is cut to 123 bytes between two characters")
    func cut() {
        let reason = String(repeating: "x", count: 122) + "€€"
        #expect(CloseFrame(code: 1000, reason: reason).payload.readableBytes == 124)
        let fits = String(repeating: "€", count: 41)
        #expect(CloseFrame(code: 1000, reason: fits).payload.readableBytes == 125)
        #expect(CloseFrame(code: 1000, reason: fits + "x").payload.readableBytes == 125)
    }
}
