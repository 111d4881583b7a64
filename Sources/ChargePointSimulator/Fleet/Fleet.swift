import ClientEndpoints
import NIOCore
import NIOPosix
import OCPPJ

/// The charge points of one run.
package struct Fleet: Sendable {
    /// What a run is made of.
    package struct Plan: Sendable {
        package var endpoint: CentralSystemEndpoint
        /// Where the endpoint wants it.
        package var tls: ClientTLS?
        package var count: Int
        /// The charge points speak them in turn; at least one.
        package var versions: [OCPPVersion]
        package var prefix: String
        /// Connects per second at the start.
        package var ramp: Double
        package var pace: LifePace
        package var seed: UInt64

        package init(
            endpoint: CentralSystemEndpoint, tls: ClientTLS? = nil, count: Int, versions: [OCPPVersion] = [.v16],
            prefix: String = "CP", ramp: Double = 50, pace: LifePace = LifePace(), seed: UInt64 = 1
        ) {
            self.endpoint = endpoint
            self.tls = tls
            self.count = count
            self.versions = versions
            self.prefix = prefix
            self.ramp = ramp
            self.pace = pace
            self.seed = seed
        }

        /// `CP0001` and on; more digits when there are more charge points.
        func identity(_ index: Int) -> String {
            let digits = String(index + 1)
            let width = max(4, String(count).count)
            return prefix + String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
    }

    private let plan: Plan
    private let counters = FleetCounters()
    private let chargePoints: [ChargePoint]

    package init(_ plan: Plan, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) {
        self.plan = plan
        var seeds = SplitMix64(seed: plan.seed)
        let clock = WallClock()
        let counters = counters
        chargePoints = (0..<plan.count).map { index in
            ChargePoint(
                identity: plan.identity(index), version: plan.versions[index % plan.versions.count],
                endpoint: plan.endpoint, tls: plan.tls, pace: plan.pace, seed: seeds.next(), clock: clock,
                counters: counters, eventLoop: group.next())
        }
    }

    package var snapshot: FleetSnapshot {
        counters.snapshot(of: chargePoints.count)
    }

    /// Connects the charge points one after the other, `plan.ramp` each second.
    package func start() async {
        for (index, chargePoint) in chargePoints.enumerated() {
            await chargePoint.start(after: .nanoseconds(Int64(Double(index) / plan.ramp * 1e9)))
        }
    }

    /// Closes every connection with 1000; returns when all have ended.
    package func stop() async {
        var ends: [EventLoopFuture<Void>] = []
        for chargePoint in chargePoints {
            ends.append(await chargePoint.stop())
        }
        for end in ends {
            // The futures only succeed.
            try? await end.get()
        }
    }
}
