/// The figures of one run. Times are microseconds, memory is KiB.
package struct LoadReport: Sendable, Encodable {
    package struct Latency: Sendable, Encodable {
        package var count: UInt64
        package var p50: Double
        package var p90: Double
        package var p99: Double
        package var p999: Double
        package var max: Double

        init(_ latency: LatencyHistogram) {
            let histogram = latency.times
            func at(_ percentile: Double) -> Double {
                // Tenths of a microsecond are all that the clock is good for.
                (Double(histogram.valueAtPercentile(percentile)) / 100).rounded() / 10
            }
            count = histogram.totalCount
            p50 = at(50)
            p90 = at(90)
            p99 = at(99)
            p999 = at(99.9)
            max = (Double(histogram.totalCount == 0 ? 0 : histogram.maxRecorded) / 100).rounded() / 10
        }
    }

    /// A process looked at from outside.
    package struct Process: Sendable, Encodable {
        /// Of one core.
        package var cpuPercent: Double
        package var cpuMicrosecondsPerRoundTrip: Double?
        /// The kernel's part of the CPU time.
        package var systemShare: Double
        /// Resident memory before the first connection.
        package var residentBefore: Double
        /// Resident memory at the end, with the sessions there.
        package var residentWithSessions: Double
        /// The difference of these two, for each session.
        package var perSession: Double?
        package var proportionalWithSessions: Double
    }

    /// This process, in percent of a core. A thread near 100 is what limits the run.
    package struct Generator: Sendable, Encodable {
        /// All its threads.
        package var cpuPercent: Double
        /// The busiest of the threads of the charge points; with `floor-mqtt` of the requester.
        package var chargePointsPercent: Double
        /// The thread that answers the CALLs, if this process does.
        package var responderPercent: Double?
    }

    /// One coming and going of all charge points.
    package struct Round: Sendable, Encodable {
        package var upgraded: Int
        package var refused: Int
        /// From the first connect to the last upgrade.
        package var upgradeSeconds: Double
        package var gatewayUpgradeCPUSeconds: Double?
        /// Of the busiest of this process' own threads meanwhile: near `upgradeSeconds` it is what limits them.
        package var generatorUpgradeCPUSeconds: Double
        package var gatewayResidentWithSessions: Double?
        package var gatewayResidentAfter: Double?
    }

    package var mode: String
    package var chargePoints: Int
    package var openCalls: Int?
    package var payloadBytes: Int
    package var seconds = 0.0
    package var roundTrips = 0
    package var roundTripsPerSecond = 0.0
    package var errors = 0
    package var unanswered = 0
    package var unmatched = 0
    package var lostConnections = 0
    package var pings = 0
    package var latency: Latency?
    package var upgrade: Latency?
    package var rounds: [Round] = []
    package var gateway: Process?
    package var broker: Process?
    package var generator: Generator?
    /// Why the first that was refused was.
    package var firstRefusal: String?

    init(mode: String, chargePoints: Int, openCalls: Int?, payloadBytes: Int) {
        self.mode = mode
        self.chargePoints = chargePoints
        self.openCalls = openCalls
        self.payloadBytes = payloadBytes
    }

    /// For people.
    package var lines: [String] {
        var lines = ["\(mode): \(chargePoints) charge points, \(seconds.text(1)) s"]
        for (index, round) in rounds.enumerated() {
            var line = "round \(index + 1): \(round.upgraded) upgraded in \(round.upgradeSeconds.text(2)) s"
            line += ", \(round.refused) refused"
            if let cpu = round.gatewayUpgradeCPUSeconds { line += ", gateway CPU \(cpu.text(2)) s" }
            line += ", CPU of the busiest thread here \(round.generatorUpgradeCPUSeconds.text(2)) s"
            if let with = round.gatewayResidentWithSessions { line += ", resident \(with.text(0)) KiB" }
            if let after = round.gatewayResidentAfter { line += ", after they left \(after.text(0)) KiB" }
            lines.append(line)
        }
        if let upgrade { lines.append("upgrade µs: \(upgrade.text)") }
        if roundTrips > 0 {
            lines.append("\(roundTrips) round trips, \(roundTripsPerSecond.text(0))/s")
        }
        lines.append(
            "\(errors) errors, \(unanswered) unanswered, \(unmatched) unmatched, \(lostConnections) connections lost")
        if let latency, latency.count > 0 { lines.append("latency µs: \(latency.text)") }
        if let gateway { lines.append("gateway: \(gateway.text)") }
        if let broker { lines.append("broker: \(broker.text)") }
        if let generator { lines.append("this process: \(generator.text)") }
        if let firstRefusal { lines.append("first refusal: \(firstRefusal)") }
        return lines
    }
}

extension LoadReport.Latency {
    var text: String {
        "p50 \(p50.text(0))  p90 \(p90.text(0))  p99 \(p99.text(0))  p99.9 \(p999.text(0))  max \(max.text(0))"
    }
}

extension LoadReport.Process {
    init(
        from start: ProcessUsage, to end: ProcessUsage, seconds: Double, before: ProcessUsage, roundTrips: Int,
        sessions: Int
    ) {
        let cpu = Double(end.cpu - start.cpu)
        cpuPercent = seconds > 0 ? cpu / seconds / 1e7 : 0
        cpuMicrosecondsPerRoundTrip = roundTrips > 0 ? cpu / Double(roundTrips) / 1e3 : nil
        systemShare = end.ticks.systemShare(since: start.ticks)
        residentBefore = Double(before.resident) / 1024
        residentWithSessions = Double(end.resident) / 1024
        perSession = sessions > 0 ? (residentWithSessions - residentBefore) / Double(sessions) : nil
        proportionalWithSessions = Double(end.proportional) / 1024
    }

    var text: String {
        var text = "\(cpuPercent.text(1)) % of a core (kernel \((systemShare * 100).text(0)) %)"
        if let cpuMicrosecondsPerRoundTrip {
            text += ", \(cpuMicrosecondsPerRoundTrip.text(1)) µs CPU per round trip"
        }
        text += ", resident \(residentWithSessions.text(0)) KiB"
        if let perSession { text += ", \(perSession.text(2)) KiB per session" }
        return text
    }
}

extension LoadReport.Generator {
    var text: String {
        var text = "\(cpuPercent.text(1)) % of a core (busiest thread of charge points \(chargePointsPercent.text(1)) %"
        if let responderPercent { text += ", of the answers \(responderPercent.text(1)) %" }
        return text + ")"
    }
}

extension Double {
    /// With so many decimals.
    func text(_ decimals: Int) -> String {
        var scale = 1.0
        for _ in 0..<decimals { scale *= 10 }
        guard isFinite, magnitude * scale < 1e15 else { return "\(self)" }
        let scaled = Int64((magnitude * scale).rounded())
        let sign = self < 0 && scaled > 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(scaled)" }
        let digits = String(scaled)
        let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
        return "\(sign)\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
    }
}
