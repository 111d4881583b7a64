import NIOCore
import NIOPosix
import Synchronization

/// What has come, for one reader. Nothing is waited for without end.
final class ByteStream: Sendable {
    struct Ended: Error, CustomStringConvertible {
        let description = "the connection has ended"
    }

    /// Beyond what a slow machine needs, and what the gateway gives a slow client.
    private static let patience = TimeAmount.seconds(120)

    private struct State {
        var buffer = ByteBuffer()
        var hasEnded = false
        /// Counts what came, so that nothing comes unseen between a look and the wait for more.
        var arrivals = 0
        var reader: CheckedContinuation<Bool, Never>?

        mutating func wake(_ hasNews: Bool) -> () -> Void {
            defer { reader = nil }
            return { [reader] in reader?.resume(returning: hasNews) }
        }
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
        let wake = state.withLock { state in
            body(&state)
            state.arrivals += 1
            return state.wake(true)
        }
        wake()
    }

    func take(_ count: Int) async throws -> String {
        try await first { $0.readString(length: count) }
    }

    func line(until end: String) async throws -> String {
        let end = Array(end.utf8)
        return try await first { buffer in
            let view = buffer.readableBytesView
            for index in view.indices where view[index] == end[0] && view[index...].starts(with: end) {
                return buffer.readString(length: index - view.startIndex + end.count)
            }
            return nil
        }
    }

    /// What `body` finds in what has come, as soon as it is there.
    private func first(_ body: (inout ByteBuffer) -> String?) async throws -> String {
        while true {
            let (found, arrivals) = try state.withLock { state in
                let found = body(&state.buffer)
                if found == nil, state.hasEnded { throw Ended() }
                return (found, state.arrivals)
            }
            if let found { return found }
            try await more(than: arrivals)
        }
    }

    func ended() async throws {
        while true {
            let (hasEnded, arrivals) = state.withLock { ($0.hasEnded, $0.arrivals) }
            if hasEnded { return }
            try await more(than: arrivals)
        }
    }

    /// Returns when something has come after the first `arrivals`, or at once.
    private func more(than arrivals: Int) async throws {
        let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: Self.patience) {
            let wake = self.state.withLock { $0.wake(false) }
            wake()
        }
        defer { timer.cancel() }
        let hasNews = await withCheckedContinuation { continuation in
            let isNews = state.withLock { state in
                if state.arrivals == arrivals { state.reader = continuation }
                return state.arrivals != arrivals
            }
            if isNews { continuation.resume(returning: true) }
        }
        guard hasNews else { throw Failure("waited \(Self.patience) for bytes that did not come") }
    }
}
