import NIOCore
import Testing

@testable import WebSocketFrontEnd

@Suite("Masks")
struct MaskingTests {
    @Test
    func `Bytes come out as they were, wherever a payload is cut and whatever lies around it`() {
        let key: [UInt8] = [0x12, 0xA5, 0x00, 0xFF]
        let plain = (0..<200).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let masked = plain.enumerated().map { $1 ^ key[$0 % 4] }
        let mask: UInt32 = 0xFF00_A512
        for cut in 0...plain.count {
            var source = ByteBuffer(bytes: masked + [1, 2, 3])
            var target = ByteBuffer(bytes: [9])
            target.writeUnmasked(source, count: cut, mask: mask)
            source.moveReaderIndex(forwardBy: cut)
            target.writeUnmasked(source, count: plain.count - cut, mask: mask.turned(by: cut))
            #expect(Array(target.readableBytesView) == [9] + plain)
        }
    }
}
