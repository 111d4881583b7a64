import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import WebSocketFrontEnd

@Suite("Frames to a charge point")
struct OutgoingFrameTests {
    private static func resources() -> EventLoopResources {
        EventLoopResources(eventLoop: EmbeddedEventLoop())
    }

    @Test(
        arguments: [0, 1, 125, 126, 8192, 8193, 65_535, 65_536],
        [FrameOpcode.text, .ping, .pong, .close])
    func `NIOWebSocket's decoder reads them`(length: Int, opcode: FrameOpcode) throws {
        guard opcode == .text || length <= 125 else { return }
        let payload = ByteBuffer(repeating: 0x78, count: length)
        let decoder = ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: 65_536))
        let channel = EmbeddedChannel(handler: decoder)
        let resources = Self.resources()
        for isCompressed in [false, true] {
            let frame = OutgoingFrame(opcode: opcode, isCompressed: isCompressed, payload: payload)
            let (first, second) = resources.pieces(of: frame, from: resources)
            #expect(first.readableBytes + (second?.readableBytes ?? 0) == frame.length)
            try channel.writeInbound(first)
            if let second { try channel.writeInbound(second) }
            let read = try #require(try channel.readInbound(as: WebSocketFrame.self))
            #expect(UInt8(webSocketOpcode: read.opcode) == opcode.rawValue)
            #expect(read.fin && read.rsv1 == isCompressed && !read.rsv2 && !read.rsv3 && read.maskKey == nil)
            #expect(read.data == payload)
        }
        _ = try channel.finish()
    }

    @Test
    func `The buffer of a frame is used again once the channel has let go of it, and not before`() {
        final class Writer {}
        let (one, other) = (Writer(), Writer())
        let resources = Self.resources()
        let frame = OutgoingFrame(opcode: .text, payload: ByteBuffer(string: "one"))
        var written: ByteBuffer? = resources.pieces(of: frame, from: one).0
        #expect(!resources.isTaken(from: one), "the channel has it")
        let second = resources.pieces(of: OutgoingFrame(opcode: .text, payload: ByteBuffer(string: "two")), from: other)
        #expect(written == ByteBuffer(bytes: [0x81, 3] + Array("one".utf8)))
        #expect(second.0 == ByteBuffer(bytes: [0x81, 3] + Array("two".utf8)))
        written = nil
        #expect(!resources.isTaken(from: one), "another has written since")
    }

    @Test
    func `A frame counts as taken when nobody has its bytes any more, unless it was too long for one buffer`() {
        final class Writer {}
        let writer = Writer()
        let resources = Self.resources()
        _ = resources.pieces(of: OutgoingFrame(opcode: .ping, payload: ByteBuffer()), from: writer)
        #expect(resources.isTaken(from: writer))
        _ = resources.pieces(
            of: OutgoingFrame(opcode: .text, payload: ByteBuffer(repeating: 0, count: 8193)), from: writer)
        #expect(!resources.isTaken(from: writer))
    }
}
