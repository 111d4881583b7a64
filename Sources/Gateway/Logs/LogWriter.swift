import Dispatch
import Glibc
import Synchronization

/// Writes log lines to a file descriptor from a thread of its own, so that a reader that is slow or stuck never
/// holds up an event loop. What does not fit into the bounded buffer is dropped and counted, and the count is
/// written as a line when there is room again.
package final class LogWriter: Sendable {
    private struct State {
        var buffer: [UInt8] = []
        /// Bytes that the thread is writing just now.
        var inFlight = 0
        /// Since it was last written how many.
        var dropped = 0
        var droppedSinceStart = 0
        var isDraining = false
    }

    private let state = Mutex(State())
    private let queue = DispatchQueue(label: "log-writer")
    private let fileDescriptor: CInt
    private let capacity: Int
    /// The line that says how many were dropped.
    private let dropReport: @Sendable (Int) -> [UInt8]

    /// - Parameters:
    ///   - fileDescriptor: stays open as long as this writer; the writer does not close it.
    ///   - capacity: bytes that may wait, those being written included.
    ///   - dropReport: makes the line that says how many lines were dropped.
    package init(
        fileDescriptor: CInt, capacity: Int = 4 * 1024 * 1024, dropReport: @escaping @Sendable (Int) -> [UInt8]
    ) {
        self.fileDescriptor = fileDescriptor
        self.capacity = capacity
        self.dropReport = dropReport
    }

    /// Takes one line, its newline included; never blocks.
    package func write(_ line: [UInt8]) {
        let startsDrain = state.withLock { state in
            guard state.buffer.count + state.inFlight + line.count <= capacity else {
                state.dropped += 1
                state.droppedSinceStart += 1
                return false
            }
            state.buffer += line
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if startsDrain { queue.async { self.drain() } }
    }

    /// Lines since start that found no room.
    package var dropped: Int { state.withLock { $0.droppedSinceStart } }

    /// Waits until everything so far is written, or `seconds` have passed.
    ///
    /// - Returns: whether everything is written.
    @discardableResult
    package func flush(seconds: Int = 2) -> Bool {
        let done = DispatchSemaphore(value: 0)
        queue.async { done.signal() }
        return done.wait(timeout: .now() + .seconds(seconds)) == .success
    }

    private func drain() {
        while let batch = nextBatch() { writeAll(batch) }
    }

    private func nextBatch() -> [UInt8]? {
        state.withLock { state in
            state.inFlight = 0
            if state.dropped > 0 {
                // What is in the buffer came before the drop: there was no room since.
                state.buffer += dropReport(state.dropped)
                state.dropped = 0
            }
            guard !state.buffer.isEmpty else {
                state.isDraining = false
                return nil
            }
            var batch: [UInt8] = []
            swap(&batch, &state.buffer)
            state.inFlight = batch.count
            return batch
        }
    }

    /// A descriptor that can no longer be written to loses the batch: there is nowhere left to say so.
    private func writeAll(_ batch: [UInt8]) {
        batch.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = Glibc.write(
                    fileDescriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if written > 0 {
                    rest = rest.dropFirst(written)
                } else if written < 0, errno == EAGAIN {
                    // Somebody who shares it made it non-blocking.
                    var wanted = pollfd(fd: fileDescriptor, events: Int16(POLLOUT), revents: 0)
                    poll(&wanted, 1, 1000)
                } else if written < 0, errno != EINTR {
                    return
                }
            }
        }
    }
}
