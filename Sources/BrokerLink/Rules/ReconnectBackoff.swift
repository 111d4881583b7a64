/// The pause before the next connection attempt: doubles from the shortest to the longest, with jitter,
/// so that many gateways do not come back to a restarted broker in step.
struct ReconnectBackoff {
    private let range: ClosedRange<Duration>
    private var step: Duration

    init(range: ClosedRange<Duration>) {
        self.range = range
        step = range.lowerBound
    }

    /// Between half of the current step and all of it; the step then doubles.
    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        let pause = step * Double.random(in: 0.5...1, using: &generator)
        step = min(step * 2, range.upperBound)
        return pause
    }

    mutating func next() -> Duration {
        var generator = SystemRandomNumberGenerator()
        return next(using: &generator)
    }

    mutating func reset() {
        step = range.lowerBound
    }
}
