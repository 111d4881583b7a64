import Glibc
import NIOCore
import NIOPosix

/// One run of the load: connect, warm up, measure, close.
package struct LoadRun: Sendable {
    private typealias Loop = NIOLoopBound<LoadLoop>

    private let plan: Plan

    package init(_ plan: Plan) {
        self.plan = plan
    }

    /// - Parameter progress: is given a line each second.
    package func run(progress: @escaping @Sendable (String) -> Void) async throws -> LoadReport {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: plan.threads)
        // The responder has a thread of its own; its answers must not wait for the charge points.
        let answering = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let report = try await run(group, answering, progress)
            try await group.shutdownGracefully()
            try await answering.shutdownGracefully()
            return report
        } catch {
            try? await group.shutdownGracefully()
            try? await answering.shutdownGracefully()
            throw error
        }
    }

    private func run(
        _ group: MultiThreadedEventLoopGroup, _ answering: MultiThreadedEventLoopGroup,
        _ progress: @escaping @Sendable (String) -> Void
    ) async throws -> LoadReport {
        var responder: Responder?
        if let plan = plan.responder { responder = try await Responder.start(plan, on: answering.next()) }
        var loops: [Loop] = []
        for (index, eventLoop) in group.makeIterator().enumerated() {
            let indices = stride(from: index, to: plan.count, by: plan.threads)
            let target = plan.target
            loops.append(
                try await eventLoop.submit {
                    NIOLoopBound(
                        LoadLoop(eventLoop: eventLoop, target: target, indices: indices), eventLoop: eventLoop)
                }.get())
        }
        let all = loops
        let ticker = Task {
            var last = 0
            while !Task.isCancelled {
                try? await Task.sleep(for: .seconds(1))
                guard !Task.isCancelled, let now = try? await Self.counters(all) else { return }
                let done = now.answered + now.errors
                progress(
                    "\(now.open) connected, \(now.refused) refused, \(max(0, done - last)) round trips/s, "
                        + "\(now.errors) errors")
                last = done
            }
        }
        let answers = responder
        let result = await Task { try await measure(all, answers) }.result
        ticker.cancel()
        // Its last look at the event loops must be over before they end.
        await ticker.value
        await responder?.stop()
        return try result.get()
    }

    // MARK: The run

    private func measure(_ loops: [Loop], _ responder: Responder?) async throws -> LoadReport {
        var openCalls: Int?
        if case .closed(let open) = plan.mode { openCalls = open }
        var report = LoadReport(
            mode: plan.mode.name, chargePoints: plan.count, openCalls: openCalls,
            payloadBytes: plan.target.payload.utf8.count)
        let gatewayBefore = try usage(plan.gateway)
        let brokerBefore = try usage(plan.broker)
        for number in 1...max(1, plan.rounds) {
            var round = try await connect(loops)
            let counters = try await Self.counters(loops)
            report.firstRefusal = counters.firstRefusal
            if round.upgraded == 0 { throw Failure.nobodyConnected(counters.firstRefusal) }
            if case .storm = plan.mode {} else { try await sendOnce(loops) }
            // Nobody sends any more; CALLs of others, in runs beside this one, must not be answered twice.
            if case .idle = plan.mode, number == plan.rounds { await responder?.stop() }
            try await Task.sleep(for: plan.settle)
            round.gatewayResidentWithSessions = try usage(plan.gateway).map { Double($0.resident) / 1024 }
            if number == plan.rounds {
                try await traffic(loops, responder, &report, gatewayBefore, brokerBefore)
            }
            try await close(loops)
            try await Task.sleep(for: plan.settle)
            round.gatewayResidentAfter = try usage(plan.gateway).map { Double($0.resident) / 1024 }
            report.rounds.append(round)
        }
        return report
    }

    private func connect(_ loops: [Loop]) async throws -> LoadReport.Round {
        let before = try await Self.counters(loops)
        let cpu = try usage(plan.gateway)?.cpu
        let own = try await own(loops)
        let start = NIODeadline.now()
        try await Self.onEach(loops) { $0.connect() }
        let seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        let busiest = try await self.own(loops).since(own, seconds: 1).chargePointsPercent / 100
        let after = try await Self.counters(loops)
        var round = LoadReport.Round(
            upgraded: after.open, refused: after.refused - before.refused, upgradeSeconds: seconds,
            generatorUpgradeCPUSeconds: busiest)
        if let cpu, let now = try usage(plan.gateway)?.cpu {
            round.gatewayUpgradeCPUSeconds = Double(now - cpu) / 1e9
        }
        return round
    }

    /// So that a session is one that has been used.
    private func sendOnce(_ loops: [Loop]) async throws {
        let open = max(1, 256 / loops.count)
        try await Self.onEach(loops) { $0.start(.once, open: open) }
        try await Self.onEach(loops) { loop in
            loop.stop()
            return loop.eventLoop.makeSucceededVoidFuture()
        }
    }

    private func traffic(
        _ loops: [Loop], _ responder: Responder?, _ report: inout LoadReport, _ gatewayBefore: ProcessUsage?,
        _ brokerBefore: ProcessUsage?
    ) async throws {
        let share = loops.count
        let mode = plan.mode
        let active = max(1, (plan.active ?? plan.count) / share)
        try await Self.onEach(loops) { loop in
            switch mode {
            case .closed(let open): return loop.start(.closed, open: max(1, open / share), active: active)
            case .paced(let rate):
                let interval = TimeAmount.nanoseconds(Int64(1e9 * Double(share) / rate))
                return loop.start(.paced(next: .now(), interval: interval), open: 0, active: active)
            case .idle, .storm: return loop.eventLoop.makeSucceededVoidFuture()
            }
        }
        switch mode {
        case .closed, .paced: try await Task.sleep(for: plan.warmUp)
        case .idle, .storm: break
        }
        try await Self.onEach(loops) { loop in
            loop.reset()
            return loop.eventLoop.makeSucceededVoidFuture()
        }
        let gatewayStart = try usage(plan.gateway)
        let brokerStart = try usage(plan.broker)
        let ownStart = try await own(loops, responder)
        let start = NIODeadline.now()
        if case .storm = mode {} else { try await measured(loops) }
        let counters = try await Self.counters(loops)
        let gatewayEnd = try usage(plan.gateway)
        let brokerEnd = try usage(plan.broker)
        let ownEnd = try await own(loops, responder)
        let seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        try await finish(loops, &report)

        report.seconds = seconds
        report.roundTrips = counters.answered
        report.roundTripsPerSecond = seconds > 0 ? Double(counters.answered) / seconds : 0
        report.errors = counters.errors
        report.unmatched = counters.unmatched
        report.lostConnections = counters.lost
        report.pings = counters.pings
        if let gatewayStart, let gatewayEnd, let gatewayBefore {
            report.gateway = LoadReport.Process(
                from: gatewayStart, to: gatewayEnd, seconds: seconds, before: gatewayBefore,
                roundTrips: counters.answered, sessions: counters.open)
        }
        if let brokerStart, let brokerEnd, let brokerBefore {
            report.broker = LoadReport.Process(
                from: brokerStart, to: brokerEnd, seconds: seconds, before: brokerBefore,
                roundTrips: counters.answered, sessions: counters.open)
        }
        // Over less time a share says nothing.
        if seconds > 0.05 { report.generator = ownEnd.since(ownStart, seconds: seconds) }
    }

    private func measured(_ loops: [Loop]) async throws {
        guard let isEnough = plan.isEnough else { return try await Task.sleep(for: plan.duration) }
        let end = NIODeadline.now() + TimeAmount(plan.duration)
        while .now() < end, !isEnough(try await Self.counters(loops)) { try await Task.sleep(for: .milliseconds(10)) }
    }

    /// No more CALLs; what the plan calls patience is for the answers that are under way.
    private func finish(_ loops: [Loop], _ report: inout LoadReport) async throws {
        var latency: LatencyHistogram?
        var upgrades: LatencyHistogram?
        for loop in loops {
            let (one, other) = try await loop.onLoop { loop in
                loop.stop()
                return (loop.latency, loop.upgrades)
            }
            if latency == nil { latency = one } else { latency?.add(one) }
            if upgrades == nil { upgrades = other } else { upgrades?.add(other) }
        }
        report.latency = latency.map { LoadReport.Latency($0) }
        report.upgrade = upgrades.map { LoadReport.Latency($0) }
        let deadline = NIODeadline.now() + TimeAmount(plan.patience)
        repeat {
            var open = 0
            for loop in loops { open += try await loop.onLoop { $0.openCalls } }
            report.unanswered = open
            if open == 0 { break }
            try await Task.sleep(for: .milliseconds(10))
        } while .now() < deadline
    }

    private func close(_ loops: [Loop]) async throws {
        try await Self.onEach(loops) { $0.close() }
    }

    /// CPU time of this process so far, in nanoseconds.
    private struct Own {
        var process: UInt64
        var chargePoints: [UInt64] = []
        var responder: UInt64?

        func since(_ start: Own, seconds: Double) -> LoadReport.Generator {
            func percent(_ end: UInt64, _ start: UInt64) -> Double { Double(end - start) / seconds / 1e7 }
            return LoadReport.Generator(
                cpuPercent: percent(process, start.process),
                chargePointsPercent: zip(chargePoints, start.chargePoints).map(percent).max() ?? 0,
                responderPercent: responder.flatMap { end in start.responder.map { percent(end, $0) } })
        }
    }

    private func own(_ loops: [Loop], _ responder: Responder? = nil) async throws -> Own {
        var own = Own(process: ProcessUsage.read(getpid())?.cpu ?? 0)
        for loop in loops { own.chargePoints.append(try await loop.onLoop { $0.cpu }) }
        own.responder = try await responder?.cpu()
        return own
    }

    // MARK: Event loops

    private static func onEach(
        _ loops: [Loop], _ body: @escaping @Sendable (LoadLoop) -> EventLoopFuture<Void>
    ) async throws {
        var futures: [EventLoopFuture<Void>] = []
        for loop in loops {
            futures.append(try await loop.onLoop { body($0) })
        }
        for future in futures { try await future.get() }
    }

    private static func counters(_ loops: [Loop]) async throws -> LoadCounters {
        var sum = LoadCounters()
        for loop in loops { sum = sum + (try await loop.onLoop { $0.counters }) }
        return sum
    }

    private func usage(_ process: pid_t?) throws -> ProcessUsage? {
        guard let process else { return nil }
        guard let usage = ProcessUsage.read(process) else { throw Failure.noSuchProcess(process) }
        return usage
    }
}

extension NIOLoopBound where Value == LoadLoop {
    fileprivate func onLoop<Result: Sendable>(
        _ body: @escaping @Sendable (LoadLoop) -> Result
    ) async throws -> Result {
        try await eventLoop.submit { body(self.value) }.get()
    }
}
