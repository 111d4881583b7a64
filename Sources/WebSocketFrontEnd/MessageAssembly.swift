import NIOCore
import NIOWebSocket

/// Puts the fragments of a text message together (RFC 6455, 5.4).
///
/// The fragments are copied into one buffer that doubles as it grows, so neither many small fragments nor empty ones
/// cost more than their bytes.
struct MessageAssembly {
    enum Outcome: Equatable {
        case incomplete
        case message(ByteBuffer)
        /// All of a message as permessage-deflate has it.
        case compressed(ByteBuffer)
        case violation(FrameViolation)
    }

    private var partial: ByteBuffer?
    private var isCompressed = false

    /// - Parameters:
    ///   - frame: A text or continuation frame.
    ///   - longest: The limit for the whole message, in bytes.
    mutating func receive(_ frame: WebSocketFrame, longest: Int) -> Outcome {
        if frame.opcode == .continuation {
            return self.continueMessage(frame, longest: longest)
        }
        guard self.partial == nil else { return .violation(.interruptedMessage) }
        self.isCompressed = frame.rsv1
        guard frame.length <= self.limit(longest) else { return .violation(.tooLong) }
        guard !frame.fin else { return self.outcome(frame.unmaskedData) }
        self.partial = frame.unmaskedData
        return .incomplete
    }

    private mutating func continueMessage(_ frame: WebSocketFrame, longest: Int) -> Outcome {
        // Taken out, so that appending finds the buffer unshared and does not copy it.
        guard var message = self.partial.take() else { return .violation(.continuationOfNothing) }
        guard message.readableBytes + frame.length <= self.limit(longest) else { return .violation(.tooLong) }
        if frame.length > 0 {
            var fragment = frame.unmaskedData
            message.writeBuffer(&fragment)
        }
        if frame.fin { return self.outcome(message) }
        self.partial = message
        return .incomplete
    }

    private func outcome(_ message: ByteBuffer) -> Outcome {
        self.isCompressed ? .compressed(message) : .message(message)
    }

    private func limit(_ longest: Int) -> Int {
        self.isCompressed ? Self.longestCompressed(longest) : longest
    }

    /// What cannot be compressed becomes a little longer by it.
    static func longestCompressed(_ longest: Int) -> Int {
        longest + longest / 64 + 64
    }
}
