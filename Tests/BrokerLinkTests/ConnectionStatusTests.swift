import BrokerLink
import NIOCore
import TestSupport
import Testing

/// What metrics and health are told about the link (management.md).
@Suite(.timeLimit(.minutes(2)))
struct ConnectionStatusTests {
    @Test func `A link that works has acknowledgement times and nothing pending`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            for number in 0..<10 { #expect(gateway.publish("cp/CP1", "\(number)") == .accepted) }
            #expect(await eventually { gateway.link.pendingCount == 0 })
            let status = try #require(gateway.link.statuses.first)
            #expect(status.index == 0 && status.isUp && status.pending == 0)
            #expect(status.acknowledgementTime.count == 10)
            #expect(status.acknowledgementTime.sum >= 0 && status.acknowledgementTime.sum < 10 * 30)
            #expect(status.count(.reconnects) == 0 && status.lastError == nil)
        }
    }

    @Test func `A lost link counts with its reason and coming back is a reconnect`() async throws {
        let broker = try await TestBroker.started()
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            await broker.kill()
            #expect(await eventually { !gateway.link.isUp })
            #expect(gateway.publish("cp/CP1", "waits") == .accepted)
            #expect(await eventually { gateway.link.statuses.first?.count(.failedAttempts) ?? 0 > 0 })
            let down = try #require(gateway.link.statuses.first)
            #expect(!down.isUp && down.pending == 1)
            #expect(down.count(.lostLinks) == 1 && down.count(.reconnects) == 0)
            #expect(down.lastError?.contains("Connection refused") == true, "\(down.lastError ?? "nothing")")
            try await broker.start()
            #expect(await gateway.isUp())
            #expect(await eventually { gateway.link.statuses.first?.pending == 0 })
            #expect(await eventually { gateway.link.statuses.first?.count(.reconnects) == 1 })
        }
    }

    @Test func `What the broker refuses is no longer pending and counts as undelivered`() async throws {
        let broker = try await PolicyBroker { _ in .acknowledge(0x87) }
        try await withLink(testConfiguration(port: broker.port)) { gateway in
            #expect(await gateway.isUp())
            gateway.publish("cp/CP1", "no")
            #expect(await eventually { gateway.link.statuses.first?.count(.undelivered) == 1 })
            #expect(await eventually { gateway.link.statuses.first?.pending == 0 })
        }
    }

    /// The broker need not be there.
    @Test func `The thread turns and says when`() async throws {
        let gateway = TestLink(testConfiguration(port: try freePort()))
        #expect(gateway.link.lastTurn == nil)
        gateway.link.start()
        let first = try #require(gateway.link.lastTurn)
        #expect(await eventually { gateway.link.lastTurn ?? first > first })
        _ = await gateway.link.stop(deadline: .now())
    }
}
