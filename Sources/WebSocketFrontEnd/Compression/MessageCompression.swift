import NIOCore

/// The deflaters and the inflater that all connections of one event loop share: what zlib needs, some 100 KiB, is
/// there once, not once for each connection.
final class MessageCompression {
    private var inflater: MessageInflater?
    /// By window: peers may ask for smaller ones.
    private var deflaters: [Int: MessageDeflater] = [:]

    /// - Parameter longest: Of the inflated message, in bytes.
    func inflate(_ compressed: ByteBuffer, longest: Int) -> MessageInflater.Outcome {
        self.inflater = self.inflater ?? MessageInflater()
        return self.inflater?.inflate(compressed, longest: longest) ?? .tooLong
    }

    /// - Returns: Nil where the message is to be sent as it is.
    func deflate(_ message: ByteBuffer, agreed: CompressionAgreement) -> ByteBuffer? {
        guard message.readableBytes >= MessageDeflater.shortestMessage else { return nil }
        let limit = agreed.serverWindowBits.map { Int($0) } ?? 15
        if self.deflaters[limit] == nil {
            self.deflaters[limit] = MessageDeflater(windowLimit: limit)
        }
        return self.deflaters[limit]?.deflate(message)
    }
}
