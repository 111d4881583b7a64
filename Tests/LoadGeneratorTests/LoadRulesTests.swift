import ClientEndpoints
import NIOCore
import Synchronization
import Testing

@testable import LoadGenerator

/// What the load generator counts as what, against a server that does as the test says.
@Suite("The load generator's rules", .timeLimit(.minutes(2)))
struct LoadRulesTests {
    /// `[2,"<id>",…`
    private static func id(_ text: String) -> Substring { text.dropFirst(4).prefix(LoadUniqueID.length) }

    private static func identity(_ number: Int) -> String {
        "LOAD" + String(repeating: "0", count: 5 - String(number).count) + String(number)
    }

    private static func result(_ text: String) -> ScriptedServer.Answer { .text(#"[3,"\#(id(text))",{}]"#) }

    private func plan(
        _ mode: LoadRun.Mode, _ server: ScriptedServer, count: Int,
        until isEnough: @escaping @Sendable (LoadCounters) -> Bool, _ change: (inout LoadTarget) -> Void = { _ in }
    ) throws -> LoadRun.Plan {
        var target = try LoadTarget(endpoint: CentralSystemEndpoint(url: "ws://127.0.0.1:\(server.port)/ocpp"))
        target.action = "Heartbeat"
        target.payload = "{}"
        change(&target)
        var plan = LoadRun.Plan(mode: mode, target: target, count: count)
        plan.warmUp = .zero
        plan.settle = .zero
        // Far beyond what a slow machine needs.
        plan.duration = .seconds(90)
        plan.isEnough = isEnough
        return plan
    }

    @Test func `Only the active ones send more than one CALL, with the action and payload that are asked for`()
        async throws
    {
        let server = try await ScriptedServer.started { [Self.result($0)] }
        var plan = try plan(.closed(open: 2), server, count: 5) { counters in
            let repeated = (1...5).count { server.texts(of: Self.identity($0)).count > 1 }
            return repeated >= 2 && counters.answered > 0
        }
        plan.active = 2
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.roundTrips > 0)
        #expect(report.payloadBytes == 2)
        let calls = (1...5).map { server.texts(of: Self.identity($0)) }
        #expect(calls.joined().allSatisfy { $0 == #"[2,"\#(Self.id($0))","Heartbeat",{}]"# })
        #expect(calls.filter { $0.count == 1 }.count == 3)
        #expect(calls.filter { $0.count > 1 }.count == 2)
    }

    @Test func `A CALLERROR ends a CALL as an error, and its time counts for nothing`() async throws {
        let server = try await ScriptedServer.started { [.text(#"[4,"\#(Self.id($0))","GenericError","",{}]"#)] }
        let plan = try plan(.closed(open: 1), server, count: 1) { $0.errors > 0 }
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.errors > 0)
        #expect(report.latency?.count == 0)
    }

    @Test func `An answer to nothing that is open is unmatched, and the second answer to a CALL is one`() async throws {
        let server = try await ScriptedServer.started { [Self.result($0), Self.result($0)] }
        let plan = try plan(.closed(open: 1), server, count: 1) { $0.answered > 0 && $0.unmatched > 0 }
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.roundTrips > 0)
        #expect(report.unmatched > 0)
        let stranger = try await ScriptedServer.started { [.text(#"[3,"no id of ours",{}]"#), Self.result($0)] }
        let other = try self.plan(.closed(open: 1), stranger, count: 1) { $0.unmatched > 0 }
        #expect(try await LoadRun(other).run { _ in }.unmatched > 0)
    }

    @Test func `A ping is answered and counted`() async throws {
        let server = try await ScriptedServer.started { [.ping, Self.result($0)] }
        let plan = try plan(.closed(open: 1), server, count: 1) { $0.pings > 0 && server.pongs > 0 }
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.pings > 0)
        #expect(server.pongs > 0)
    }

    @Test func `A connection that the other side ends is lost, and its open CALL is not waited for`() async throws {
        let server = try await ScriptedServer.started { [.text(#"[3,"\#(Self.id($0))",{}]"#), .close] }
        let plan = try plan(.closed(open: 2), server, count: 3) { $0.lost == 3 }
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.lostConnections == 3)
        #expect(report.unanswered == 0)
    }

    @Test(arguments: [[.text("[3,\"0\",{}]"), .close], [.close]] as [[ScriptedServer.Answer]])
    func `Charge points that are lost with their first CALL open do not hold the run up`(
        answers: [ScriptedServer.Answer]
    ) async throws {
        let server = try await ScriptedServer.started { _ in answers }
        let plan = try plan(.closed(open: 2), server, count: 300) { $0.lost == 300 }
        let report = try await LoadRun(plan).run { _ in }
        #expect(report.lostConnections == 300)
        #expect((1...300).allSatisfy { number in server.texts(of: Self.identity(number)).count == 1 })
    }

    @Test(arguments: [(may: 3, roundTrips: true), (may: 2, roundTrips: false)])
    func `A charge point has as many CALLs open as it may, and no more`(may: Int, roundTrips: Bool) async throws {
        // Answers the first, and from then on three at a time.
        let held = Mutex<(texts: [String], isFirst: Bool)>(([], true))
        let server = try await ScriptedServer.started { text in
            held.withLock { held in
                held.texts.append(text)
                guard held.isFirst || held.texts.count == 3 else { return [] }
                defer { held = ([], false) }
                return held.texts.map(Self.result)
            }
        }
        let plan = try plan(.closed(open: 3), server, count: 1) { counters in
            // With two open the third never comes.
            roundTrips ? counters.answered > 0 : held.withLock { $0.texts.count == may }
        } _: {
            $0.openPerChargePoint = may
        }
        let report = try await LoadRun(plan).run { _ in }
        #expect((report.roundTrips > 0) == roundTrips)
        #expect(roundTrips ? report.unanswered <= may : report.unanswered == may)
        #expect(held.withLock { $0.texts.count } <= may)
    }

    @Test func `A pace is kept whatever the answers do`() async throws {
        let server = try await ScriptedServer.started { [Self.result($0)] }
        let plan = try plan(.paced(rate: 200), server, count: 10) { $0.answered >= 100 }
        let begin = ContinuousClock.now
        let report = try await LoadRun(plan).run { _ in }
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        // No more than the pace allows; a slow machine may do less.
        #expect(report.roundTrips >= 100)
        #expect(Double(report.roundTrips) <= 200 * seconds + 10)
    }

    @Test func `Who is refused is counted, and the reason of the first is told`() async throws {
        let server = try await ScriptedServer.started { [Self.result($0)] }
        let failure = try await #require(throws: LoadRun.Failure.self) {
            try await LoadRun(try plan(.storm, server, count: 3, until: { _ in true }) { $0.prefix = "OTHER" }).run {
                _ in
            }
        }
        #expect(failure.description.contains("HTTP/1.1 404"))
    }
}
