import Glibc

/// Standard output as the simulator uses it: on a terminal one line that is rewritten, with events above it; elsewhere
/// (a pipe, a log) plain lines.
package struct LiveLine {
    private let descriptor: CInt
    private let isTerminal: Bool
    private let isQuiet: Bool
    private var isLineOpen = false
    private var ticks = 0

    /// Ticks from one plain line to the next where there is no terminal.
    private static let plainInterval = 5

    /// - Parameters:
    ///   - quiet: only what `summary` is given is written.
    ///   - descriptor: standard output, unless a test wants another.
    package init(quiet: Bool, descriptor: CInt = STDOUT_FILENO) {
        self.descriptor = descriptor
        isQuiet = quiet
        isTerminal = isatty(descriptor) == 1
    }

    /// The present state, told once a second.
    package mutating func tick(_ line: String) {
        ticks += 1
        guard !isQuiet else { return }
        if isTerminal {
            // Back to the first column, the rest of the line erased. A line that wraps could not be rewritten.
            write("\r\u{1B}[K" + fitted(line))
            isLineOpen = true
        } else if ticks % Self.plainInterval == 0 {
            write(line + "\n")
        }
    }

    /// Something that stays readable.
    package mutating func event(_ text: String) {
        guard !isQuiet else { return }
        closeLine()
        write(text + "\n")
    }

    /// The closing words, also when quiet.
    package mutating func summary(_ lines: [String]) {
        closeLine()
        for line in lines { write(line + "\n") }
    }

    private mutating func closeLine() {
        if isLineOpen { write("\n") }
        isLineOpen = false
    }

    private func fitted(_ line: String) -> String {
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return line }
        return String(line.prefix(Int(size.ws_col) - 1))
    }

    private func write(_ text: String) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written > 0 {
                bytes = bytes.dropFirst(written)
            } else if written == 0 || errno != EINTR {
                // Nobody reads any more; the work goes on.
                return
            }
        }
    }
}
