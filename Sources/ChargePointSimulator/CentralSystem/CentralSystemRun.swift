import Logging

/// Runs the central system until a signal or the end of `duration`, and tells what happens.
package struct CentralSystemRun {
    private let plan: CentralSystemService.Plan
    private let duration: Duration?
    private let isQuiet: Bool

    /// - Parameter duration: nil: until a signal.
    package init(plan: CentralSystemService.Plan, duration: Duration?, quiet: Bool) {
        self.plan = plan
        self.duration = duration
        isQuiet = quiet
    }

    /// - Returns: whether it could listen to charge points at all.
    package func run(logger: Logger) async -> Bool {
        var output = LiveLine(quiet: isQuiet)
        let service = CentralSystemService(plan)
        let started = ContinuousClock.now
        service.start(logger: logger)
        var wasSubscribed = false
        var wasRefused = false
        var last = CentralSystemSnapshot()
        await withRunBeats(for: duration, events: service.events) { beat in
            switch beat {
            case .second:
                let now = service.snapshot
                for event in now.events(since: last) { output.event(event) }
                output.tick(now.line)
                last = now
            case .event(let event):
                output.event(event.text)
                switch event {
                case .subscribed: wasSubscribed = true
                case .refusedSubscription: wasRefused = true
                case .brokerLink: break
                }
            }
            return !wasRefused
        }
        await service.stop()
        output.summary(service.snapshot.summary(after: (ContinuousClock.now - started) / .seconds(1)))
        return wasSubscribed && !wasRefused
    }
}
