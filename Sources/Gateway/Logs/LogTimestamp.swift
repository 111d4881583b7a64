import Glibc
import Synchronization

/// Writes `2026-01-02T03:04:05.678Z`. The part up to the second is kept, because hundreds of lines share it.
final class LogTimestamp: Sendable {
    private struct Second {
        var number: Int = .min
        /// `2026-01-02T03:04:05.`
        var text: [UInt8] = []
    }

    private let current = Mutex(Second())

    func appendNow(to line: inout [UInt8]) {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        append(seconds: now.tv_sec, nanoseconds: now.tv_nsec, to: &line)
    }

    func append(seconds: Int, nanoseconds: Int, to line: inout [UInt8]) {
        current.withLock { second in
            if second.number != seconds {
                second.number = seconds
                second.text = Self.text(seconds)
            }
            line += second.text
        }
        Self.appendDigits(nanoseconds / 1_000_000, 3, to: &line)
        line.append(UInt8(ascii: "Z"))
    }

    private static func text(_ seconds: Int) -> [UInt8] {
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        var text: [UInt8] = []
        appendDigits(Int(parts.tm_year) + 1900, 4, to: &text)
        for (separator, value) in [("-", parts.tm_mon + 1), ("-", parts.tm_mday), ("T", parts.tm_hour)] {
            text += Array(separator.utf8)
            appendDigits(Int(value), 2, to: &text)
        }
        for value in [parts.tm_min, parts.tm_sec] {
            text.append(UInt8(ascii: ":"))
            appendDigits(Int(value), 2, to: &text)
        }
        text.append(UInt8(ascii: "."))
        return text
    }

    private static func appendDigits(_ value: Int, _ count: Int, to text: inout [UInt8]) {
        var divisor = 1
        for _ in 1..<count { divisor *= 10 }
        while divisor > 0 {
            text.append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: value / divisor % 10))
            divisor /= 10
        }
    }
}
