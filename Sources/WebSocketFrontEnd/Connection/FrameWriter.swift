import NIOCore

/// Writes one connection's frames, and knows how many of them were not flushed yet.
struct FrameWriter {
    /// Frames written while reading before they are flushed; keeps a burst of pings from piling up pongs.
    private static let mostUnflushed: UInt8 = 64

    /// Nil: permessage-deflate was not agreed.
    let compression: CompressionAgreement?
    private var unflushed: UInt8 = 0

    init(compression: CompressionAgreement?) {
        self.compression = compression
    }

    var hasUnflushed: Bool { unflushed > 0 }
    var mustFlush: Bool { unflushed >= Self.mostUnflushed }

    func frame(_ opcode: FrameOpcode, _ payload: ByteBuffer, _ resources: EventLoopResources) -> OutgoingFrame {
        guard opcode == .text, let compression,
            let compressed = resources.compression.deflate(payload, agreed: compression)
        else { return OutgoingFrame(opcode: opcode, payload: payload) }
        return OutgoingFrame(opcode: opcode, isCompressed: true, payload: compressed)
    }

    mutating func wrote() {
        unflushed += 1
    }

    mutating func flushed() {
        unflushed = 0
    }
}
