import NIOCore

/// The deflaters and the inflater that all connections of one event loop share: what zlib needs, some 100 KiB, is
/// there once, not once for each connection.
final class MessageCompression {
    private var inflater: MessageInflater?
    /// By window: peers may ask for smaller ones.
    private var deflaters: [Int: MessageDeflater] = [:]

    /// - Parameters:
    ///   - longest: Of the inflated message, in bytes.
    ///   - window: What the sender may refer back to; nil where it keeps nothing.
    func inflate(_ compressed: ByteBuffer, longest: Int, window: InflateWindow? = nil) -> MessageInflater.Outcome {
        self.inflater = self.inflater ?? MessageInflater()
        guard let inflater else { return .tooLong }
        let outcome = inflater.inflate(compressed, longest: longest, behind: window?.bytes)
        if case .message(let message) = outcome { window?.append(message) }
        return outcome
    }

    /// - Returns: Nil where the message is to be sent as it is.
    func deflate(_ message: ByteBuffer, agreed: CompressionAgreement) -> ByteBuffer? {
        guard message.readableBytes >= MessageDeflater.shortestMessage else { return nil }
        let limit = agreed.serverWindowBits.map { Int($0) } ?? 15
        if deflaters[limit] == nil {
            deflaters[limit] = MessageDeflater(windowLimit: limit)
        }
        return deflaters[limit]?.deflate(message)
    }
}
