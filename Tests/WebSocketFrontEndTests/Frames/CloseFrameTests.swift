import NIOCore
import Testing

@testable import WebSocketFrontEnd

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
