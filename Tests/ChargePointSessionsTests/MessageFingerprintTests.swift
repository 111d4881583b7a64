import NIOCore
import Testing

@testable import ChargePointSessions

@Suite struct MessageFingerprintTests {
    private func fingerprint(_ bytes: [UInt8]) -> MessageFingerprint { MessageFingerprint(ByteBuffer(bytes: bytes)) }

    @Test func `The same text is known again, wherever it lies`() {
        let text = Array("[2,\"1\",\"Heartbeat\",{}]".utf8)
        var part = ByteBuffer(bytes: [0x20, 0x20, 0x20] + text)
        part.moveReaderIndex(forwardBy: 3)
        #expect(MessageFingerprint(part) == fingerprint(text))
    }

    @Test(arguments: 1...40)
    func `A text that differs in one byte, or in the order of two, is another`(length: Int) {
        let text = (0..<length).map { UInt8($0) }
        let own = fingerprint(text)
        for index in text.indices {
            var other = text
            other[index] ^= 0x80
            #expect(fingerprint(other) != own, "byte \(index)")
        }
        for index in text.indices.dropFirst() {
            var other = text
            other.swapAt(0, index)
            #expect(fingerprint(other) != own, "byte \(index)")
        }
    }

    @Test func `A text with zeros behind it, or in front, is another`() {
        let text: [UInt8] = [1, 2, 3]
        for count in 1...20 {
            let zeros = [UInt8](repeating: 0, count: count)
            #expect(fingerprint(text + zeros) != fingerprint(text))
            #expect(fingerprint(zeros + text) != fingerprint(text + zeros))
        }
    }

    @Test func `Bytes that are all ones make no overflow`() {
        let long = [UInt8](repeating: 0xFF, count: 100_000)
        #expect(fingerprint(long) == fingerprint(long) && fingerprint(long) != fingerprint([0xFE] + long.dropFirst()))
    }
}
