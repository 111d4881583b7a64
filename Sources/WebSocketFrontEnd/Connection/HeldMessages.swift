import MemoryBudget
import NIOCore

/// Messages that came while the delegate had paused reading, or behind a round's worth of them; in a box, because most
/// connections never have any.
///
/// No more is read meanwhile, so what is held has come in one read; compressed messages are held as they came, since
/// inflated they could be a thousand times as long.
final class HeldMessages {
    private var messages = CircularBuffer<ReceivedMessage>(initialCapacity: 4)
    private var bytes = 0
    private let memory: MemoryBudget

    init(memory: MemoryBudget) {
        self.memory = memory
    }

    deinit {
        memory.give(bytes)
    }

    var isEmpty: Bool { messages.isEmpty }

    func append(_ message: ReceivedMessage) {
        messages.append(message)
        bytes += message.length
        memory.force(message.length)
    }

    func popFirst() -> ReceivedMessage? {
        guard let message = messages.popFirst() else { return nil }
        bytes -= message.length
        memory.give(message.length)
        return message
    }
}

/// A whole message as it came.
enum ReceivedMessage {
    case plain(ByteBuffer)
    case compressed(ByteBuffer)

    var length: Int {
        switch self {
        case .plain(let bytes), .compressed(let bytes): bytes.readableBytes
        }
    }
}
