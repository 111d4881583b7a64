import Foundation
import NIOCore
import TestSupport
import Testing

/// Two gateways, a hundred charge points and every fault in turn (behaviour.md, "One session per charge point" and
/// "The broker link"). FAULT_SEED=3 runs that case alone; with INTEGRATION_LOGS the gateways' logs are kept there.
@Suite(.serialized)
struct FaultTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var seed: UInt64
        /// 0s is MQTT's clean start.
        var sessionExpiry: String
        var sessions = "shared"

        var isCleanStart: Bool { sessionExpiry == "0s" }
        /// What a gateway has acknowledged in the very moment in which its charge point moves, the broker may deliver
        /// again to the connection that takes the client id over: it knows nothing of the acknowledgement yet.
        var keepsCommandsForClientIDs: Bool { sessions == "per_charge_point" && !isCleanStart }
        var testDescription: String { "seed \(seed), session expiry \(sessionExpiry), sessions \(sessions)" }
    }

    private static let cases = [
        Case(seed: 1, sessionExpiry: "60s"), Case(seed: 2, sessionExpiry: "0s"),
        Case(seed: 3, sessionExpiry: "60s", sessions: "per_charge_point"),
        Case(seed: 4, sessionExpiry: "0s", sessions: "per_charge_point"),
    ]

    private static let settings = [
        "UPSTREAM_ANSWER_TIMEOUT": "5s", "DNSTREAM_CALL_TIMEOUT": "20s", "BROKER_KEEP_ALIVE": "5s",
        "SHUTDOWN_DRAIN_TIME": "2s", "LOG_LEVEL": "debug", "ENABLE_STATS": "false",
    ]

    @Test(
        arguments: Self.cases.filter { one in
            ProcessInfo.processInfo.environment["FAULT_SEED"].map { UInt64($0) == one.seed } ?? true
        })
    func `Every fault leaves every call one answer every command one end and every charge point one session`(
        _ run: Case
    ) async throws {
        let settings = Self.settings.merging([
            "BROKER_SESSION_EXPIRY": run.sessionExpiry, "BROKER_SESSIONS": run.sessions,
        ]) { _, new in new }
        try await FaultSite.run(
            chargePoints: 100, settings: settings, losesWithLinks: run.isCleanStart, seed: run.seed
        ) { site in
            try await inject(into: site)
            try await settle(site, run)
        }
    }

    private func inject(into site: FaultSite) async throws {
        let (a, b) = (site.gateways[0], site.gateways[1])
        try await eventually("all are connected") { site.chargePoints.allSatisfy(\.isConnected) }
        site.startCommands()
        try await site.more(200)

        // TCP cut, in the middle of a packet most likely.
        try await site.whileLinksBreak {
            for gateway in [a, b, a] {
                let links = gateway.links
                gateway.proxy.cut(afterBytes: site.draw(1..<20_000))
                try await eventually("\(gateway.name) is back") { gateway.links > links }
                try await site.more(100)
            }
        }

        // The broker stops for longer than the keep-alive.
        try await site.whileLinksBreak {
            let links = [a.links, b.links]
            let losses = [a.losses, b.losses]
            await site.broker.freeze()
            try await eventually("the gateways give the links up") { a.losses > losses[0] && b.losses > losses[1] }
            await site.broker.thaw()
            try await eventually("both are back") { a.links > links[0] && b.links > links[1] }
            try await site.more(200)
        }

        // A gateway dies; its charge points move, and it comes back. What it had in memory is gone with it.
        // With a clean start nobody keeps what is sent to a charge point on its way from one gateway to the other.
        try await site.quiesce()
        try await a.kill()
        try await site.whileLinksBreak {
            try await site.more(200)
            try await a.start()
            try await site.more(200)
        }

        // The broker dies and comes back with what it had on its disk.
        try await site.quiesce()
        let links = [a.links, b.links, site.central.links.value]
        try await site.whileLinksBreak {
            try await site.quiesce()
            await site.broker.kill()
            try await site.broker.start()
            try await eventually("all are back") {
                a.links > links[0] && b.links > links[1] && site.central.links.value > links[2]
            }
            site.startCommands()
            try await site.more(200)
        }

        // A gateway is drained under load.
        try await site.whileLinksBreak {
            #expect(try await b.drain() == 0)
            try await site.more(200)
            try await b.start()
            try await site.more(200)
        }
    }

    /// The faults are over: everything must be as if they had never been.
    private func settle(_ site: FaultSite, _ run: Case) async throws {
        for chargePoint in site.chargePoints { chargePoint.settle() }
        try await site.quiesce()
        try await eventually("all are connected, each once") {
            site.chargePoints.allSatisfy { $0.isConnected && $0.leftovers == 0 }
        }
        for chargePoint in site.chargePoints { try await site.command(chargePoint.identity) }
        try await site.quiesce()

        let faults = site.ledger.faults(tolerated: run.keepsCommandsForClientIDs ? site.ledger.count / 100 : 0)
        let first = faults.first?.split(separator: " ").first.map(String.init) ?? "-"
        #expect(faults.isEmpty, "\(site.ledger.summary)\n\(faults.prefix(20))\(site.about(first))")
        let summaries = site.chargePoints.map(\.summary)
        let violations = summaries.flatMap(\.violations)
        #expect(violations.isEmpty, "\(violations.prefix(20))")
        #expect(summaries.reduce(0) { $0 + $1.duplicates } > 20, "the faults happened")

        for chargePoint in site.chargePoints { chargePoint.stop() }
        for chargePoint in site.chargePoints { await chargePoint.leave() }
        try await expectNothingIsLeft(site)
    }

    private func expectNothingIsLeft(_ site: FaultSite) async throws {
        for gateway in site.gateways {
            let process = try gateway.running()
            try await eventually("\(gateway.name) has no charge point's descriptor") {
                process.child.openDescriptors < 40
            }
        }
        // The central system's, this count's own, and of each gateway where gateways meet, and where it is answered.
        try await site.subscriptionsBecome(2 + 2 * site.gateways.count)
        for gateway in site.gateways { #expect(try await gateway.drain() == 0) }
    }
}
