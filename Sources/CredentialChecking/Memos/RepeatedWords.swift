/// Keeps the log from saying the same words more than once each 10 s.
package struct RepeatedWords: Sendable {
    private struct Saying {
        var since: ContinuousClock.Instant
        var unsaid = 0
    }

    package static let pause = Duration.seconds(10)
    /// Different words; beyond them all are one.
    private static let capacity = 64
    private var sayings: [String: Saying] = [:]

    package init() {}

    /// How often these words have come up since they were last said, this time included; nil: not to be said now.
    package mutating func count(_ words: String, at now: ContinuousClock.Instant) -> Int? {
        if sayings[words] == nil, sayings.count >= Self.capacity {
            sayings = sayings.filter { now - $0.value.since < Self.pause }
        }
        let key = sayings[words] == nil && sayings.count >= Self.capacity ? "" : words
        guard let saying = sayings[key], now - saying.since < Self.pause else {
            let count = 1 + (sayings[key]?.unsaid ?? 0)
            sayings[key] = Saying(since: now)
            return count
        }
        sayings[key]?.unsaid += 1
        return nil
    }
}
