import Synchronization

/// What is pushed from anywhere and read by one: holds so many elements and no more. Who pushes never waits; when the
/// reader is behind by more than the bound, what waits is dropped and the reader is told so, once and for good.
final class BoundedFeed<Element: Sendable>: Sendable {
    enum Batch: Sendable {
        case elements([Element])
        /// The reader has fallen behind by more than the bound.
        case overflow
        /// Nothing comes any more.
        case ended
    }

    private struct State {
        var waiting: [Element] = []
        var hasOverflowed = false
        var hasEnded = false
        var reader: CheckedContinuation<Void, Never>?

        var hasNews: Bool { !waiting.isEmpty || hasOverflowed || hasEnded }

        mutating func takeReader() -> CheckedContinuation<Void, Never>? {
            defer { reader = nil }
            return reader
        }
    }

    private let limit: Int
    private let state = Mutex(State())

    init(limit: Int) {
        self.limit = limit
    }

    func offer(_ element: Element) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.hasEnded, !state.hasOverflowed else { return nil }
            if state.waiting.count < limit {
                state.waiting.append(element)
            } else {
                state.waiting = []
                state.hasOverflowed = true
            }
            return state.takeReader()
        }
        reader?.resume()
    }

    /// Like `offer`, but for what is worth nothing to a reader that has something else to read.
    func offerIfEmpty(_ element: Element) {
        let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard !state.hasNews else { return nil }
            state.waiting.append(element)
            return state.takeReader()
        }
        reader?.resume()
    }

    /// What waits is still read.
    func end() {
        let reader = state.withLock { state in
            state.hasEnded = true
            return state.takeReader()
        }
        reader?.resume()
    }

    /// All that waits, or waits for something. One reader only.
    func next() async -> Batch {
        await withCheckedContinuation { continuation in
            let resumesNow = state.withLock { state in
                guard !state.hasNews else { return true }
                state.reader = continuation
                return false
            }
            if resumesNow { continuation.resume() }
        }
        return state.withLock { state in
            if state.hasOverflowed { return .overflow }
            guard !state.waiting.isEmpty else { return .ended }
            defer { state.waiting = [] }
            return .elements(state.waiting)
        }
    }
}
