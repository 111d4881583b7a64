/// Runs charge points until a signal or the end of `duration`, and tells what happens.
package struct FleetRun {
    private let plan: Fleet.Plan
    private let duration: Duration?
    private let isQuiet: Bool

    /// - Parameter duration: nil: until a signal.
    package init(plan: Fleet.Plan, duration: Duration?, quiet: Bool) {
        self.plan = plan
        self.duration = duration
        isQuiet = quiet
    }

    /// - Returns: the counts at the end.
    package func run() async -> FleetSnapshot {
        var output = LiveLine(quiet: isQuiet)
        let fleet = Fleet(plan)
        let started = ContinuousClock.now
        await fleet.start()
        var last = fleet.snapshot
        await withRunBeats(for: duration, events: AsyncStream<Never> { $0.finish() }) { _ in
            let now = fleet.snapshot
            for event in now.events(since: last) { output.event(event) }
            output.tick(now.line)
            last = now
            return true
        }
        await fleet.stop()
        let end = fleet.snapshot
        output.summary(end.summary(after: (ContinuousClock.now - started) / .seconds(1)))
        return end
    }
}
