import Histogram
import NIOCore

/// Times in nanoseconds; what takes longer than a minute counts as a minute.
struct LatencyHistogram: Sendable {
    private static let longest: UInt64 = 60_000_000_000

    private(set) var times = Histogram<UInt64>(
        lowestDiscernibleValue: 64, highestTrackableValue: longest, numberOfSignificantValueDigits: .three)

    mutating func record(_ time: TimeAmount) {
        times.record(min(UInt64(clamping: time.nanoseconds), Self.longest))
    }

    mutating func add(_ other: LatencyHistogram) {
        times.add(other.times)
    }
}
