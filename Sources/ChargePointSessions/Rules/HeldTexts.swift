import DequeModule
import NIOCore

/// What was read from a charge point and not looked at while its session does not read; in a box, because most sessions
/// always read.
final class HeldTexts {
    /// Why reading pauses.
    enum Hold: Equatable {
        case openCalls
        case rate
    }

    private(set) var hold: Hold
    /// In the order of their arrival.
    private(set) var texts: Deque<ByteBuffer>

    init(_ hold: Hold, first text: ByteBuffer) {
        self.hold = hold
        texts = [text]
    }

    func append(_ text: ByteBuffer) {
        texts.append(text)
    }

    /// Puts a text in front of the others.
    func prepend(_ text: ByteBuffer, _ hold: Hold) {
        self.hold = hold
        texts.prepend(text)
    }

    /// The first; those behind it wait for the rate alone.
    func takeFirst() -> ByteBuffer? {
        guard let text = texts.popFirst() else { return nil }
        hold = .rate
        return text
    }
}
