import NIOCore

/// The pause before the next attempt to connect: 0.5 s doubling to 30 s, half of it by chance, so that a thousand
/// charge points that lost the same gateway do not come back in the same instant.
struct ReconnectDelay {
    private static let longest: Int64 = 30_000
    private var milliseconds: Int64 = 500

    mutating func next(using random: inout SplitMix64) -> TimeAmount {
        let chosen = Int64.random(in: milliseconds / 2...milliseconds, using: &random)
        milliseconds = min(milliseconds * 2, Self.longest)
        return .milliseconds(chosen)
    }

    /// The central system has been heard: the next loss starts small again.
    mutating func reset() {
        milliseconds = 500
    }
}
