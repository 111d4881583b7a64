/// How many verdicts the last second has seen, and what `Retry-After` follows from it.
struct VerdictRate: Sendable {
    static let pauses = 1.0...120.0

    private var start: ContinuousClock.Instant
    private var current = 0
    private var previous = 0

    init(at now: ContinuousClock.Instant) {
        start = now
    }

    mutating func count(at now: ContinuousClock.Instant) {
        turn(to: now)
        current += 1
    }

    /// Verdicts in the second before `now`: of the last whole second as much as still belongs to it.
    mutating func perSecond(at now: ContinuousClock.Instant) -> Double {
        turn(to: now)
        let share = (now - start) / .seconds(1)
        return Double(current) + Double(previous) * (1 - share)
    }

    private mutating func turn(to now: ContinuousClock.Instant) {
        let passed = now - start
        guard passed >= .seconds(1) else { return }
        previous = passed < .seconds(2) ? current : 0
        current = 0
        start = passed < .seconds(2) ? start + .seconds(1) : now
    }

    /// Seconds: what is waiting divided by the last second's rate, 1 to 120.
    mutating func pause(waiting: Int, at now: ContinuousClock.Instant) -> Double {
        let rate = perSecond(at: now)
        guard rate > 0 else { return waiting > 0 ? Self.pauses.upperBound : Self.pauses.lowerBound }
        return min(max(Double(waiting) / rate, Self.pauses.lowerBound), Self.pauses.upperBound)
    }

    /// `Retry-After` in whole seconds: half to one and a half of the pause, so that those who were sent away together do
    /// not come back together.
    ///
    /// - Parameter chance: 0 to 1.
    static func retryAfter(_ pause: Double, chance: Double) -> Int {
        max(1, Int((pause * (0.5 + chance)).rounded()))
    }
}
