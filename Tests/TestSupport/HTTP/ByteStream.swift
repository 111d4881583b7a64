import NIOCore
import Synchronization

/// What has come, for one reader.
final class ByteStream: Sendable {
    struct Ended: Error, CustomStringConvertible {
        let description = "the connection has ended"
    }

    private struct State {
        var buffer = ByteBuffer()
        var hasEnded = false
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    func add(_ bytes: ByteBuffer) {
        change { state in
            var bytes = bytes
            state.buffer.writeBuffer(&bytes)
        }
    }

    func end() { change { $0.hasEnded = true } }

    private func change(_ body: (inout State) -> Void) {
        let reader = state.withLock { state in
            body(&state)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    func take(_ count: Int) async throws -> String {
        while true {
            let result = try state.withLock { state -> String? in
                if let text = state.buffer.readString(length: count) { return text }
                if state.hasEnded { throw Ended() }
                return nil
            }
            if let result { return result }
            await more()
        }
    }

    func line(until end: String) async throws -> String {
        let end = Array(end.utf8)
        while true {
            let length = try state.withLock { state -> Int? in
                let view = state.buffer.readableBytesView
                for index in view.indices where view[index] == end[0] && view[index...].starts(with: end) {
                    return index - view.startIndex + end.count
                }
                if state.hasEnded { throw Ended() }
                return nil
            }
            if let length { return try await take(length) }
            await more()
        }
    }

    func ended() async {
        while !state.withLock({ $0.hasEnded }) { await more() }
    }

    /// Returns when something has come since the state was looked at, or at once.
    private func more() async {
        let before = state.withLock { ($0.buffer.writerIndex, $0.hasEnded) }
        await withCheckedContinuation { continuation in
            let resumes = state.withLock { state in
                guard (state.buffer.writerIndex, state.hasEnded) == before else { return true }
                state.reader = continuation
                return false
            }
            if resumes { continuation.resume() }
        }
    }
}
