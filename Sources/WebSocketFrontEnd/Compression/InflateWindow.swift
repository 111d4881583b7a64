import NIOCore

/// The last bytes that one charge point has sent, where its compressor may refer back to them: all that the shared
/// inflater needs to go on where that charge point left off.
final class InflateWindow {
    private(set) var bytes = ByteBuffer()
    private let size: Int

    /// - Parameter bits: Of the window, as a power of 2.
    init(bits: UInt8) {
        size = 1 << min(Int(bits), 15)
    }

    func append(_ message: ByteBuffer) {
        var message = message
        message.moveReaderIndex(forwardBy: max(0, message.readableBytes - size))
        bytes.moveReaderIndex(forwardBy: max(0, bytes.readableBytes + message.readableBytes - size))
        bytes.discardReadBytes()
        bytes.writeBuffer(&message)
    }
}
