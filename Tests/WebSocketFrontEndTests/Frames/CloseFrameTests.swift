import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("The payload of a close frame")
struct CloseFrameTests {
    @Test(arguments: [1000, 1001, 1003, 1007, 1014, 3000, 4999])
    func `Codes that may be sent are read, with their reason`(code: UInt16) {
        var payload = ByteBuffer(integer: code)
        payload.writeString("göing")
        #expect(CloseFrame(payload: payload) == CloseFrame(code: code, reason: "göing"))
        #expect(CloseFrame(code: code, reason: "göing").payload == payload)
    }

    @Test(arguments: [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535])
    func `Other codes are refused`(code: UInt16) {
        #expect(CloseFrame(payload: ByteBuffer(integer: code)) == nil)
    }

    @Test
    func `An empty payload has no code; one byte and a reason that is not UTF-8 are refused`() {
        #expect(CloseFrame(payload: ByteBuffer()) == CloseFrame(code: nil))
        #expect(CloseFrame(code: nil).payload == ByteBuffer())
        #expect(CloseFrame(payload: ByteBuffer(bytes: [3])) == nil)
        #expect(CloseFrame(payload: ByteBuffer(bytes: [3, 0xE8, 0xC3])) == nil)
    }

    @Test
    func `A reason is cut to 123 bytes between two characters`() {
        let reason = String(repeating: "x", count: 122) + "€€"
        #expect(CloseFrame(code: 1000, reason: reason).payload.readableBytes == 124)
        let fits = String(repeating: "€", count: 41)
        #expect(CloseFrame(code: 1000, reason: fits).payload.readableBytes == 125)
        #expect(CloseFrame(code: 1000, reason: fits + "x").payload.readableBytes == 125)
    }
}
