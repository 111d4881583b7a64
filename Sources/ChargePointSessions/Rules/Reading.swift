import DequeModule
import NIOCore

/// Whether a session reads what its charge point sends, with what was read and not looked at while it does not.
enum Reading {
    /// Why reading pauses.
    enum Hold: Equatable {
        case openCalls
        case rate
    }

    case on
    /// In the order of their arrival.
    case paused(Hold, Deque<ByteBuffer>)

    var hold: Hold? {
        if case .paused(let hold, _) = self { hold } else { nil }
    }

    /// Nothing is held.
    var isEmpty: Bool {
        if case .paused(_, let texts) = self { texts.isEmpty } else { true }
    }

    /// Puts a text behind those that are held; false: reading is on.
    mutating func append(_ text: ByteBuffer) -> Bool {
        guard case .paused(let hold, var texts) = self else { return false }
        // Let go of first, or it would be copied.
        self = .on
        texts.append(text)
        self = .paused(hold, texts)
        return true
    }

    /// Puts a text in front of those that are held.
    ///
    /// - Returns: whether reading was on until now.
    mutating func pause(for hold: Hold, holding text: ByteBuffer) -> Bool {
        guard case .paused(_, var texts) = self else {
            self = .paused(hold, [text])
            return true
        }
        self = .on
        texts.prepend(text)
        self = .paused(hold, texts)
        return false
    }

    /// The first that is held; those behind it wait for the rate alone.
    mutating func takeFirst() -> ByteBuffer? {
        guard case .paused(_, var texts) = self, !texts.isEmpty else { return nil }
        self = .on
        let text = texts.removeFirst()
        self = .paused(.rate, texts)
        return text
    }
}
