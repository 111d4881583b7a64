import ChargePointSessions
import Logging
import NIOCore
import NIOPosix
import OutsideNames
import Testing

@testable import Gateway

/// behaviour.md, "Stopping": whom a drain ends.
@Suite struct DrainTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let registry = SessionRegistry()

    private func connect(
        _ identity: ChargePointIdentity, listener: String = "default"
    ) async throws -> ChargePointSession {
        try await StandInSession.connect(identity, to: registry, listener: listener, on: loop)
    }

    private func drain(listener: String? = nil, over time: Duration = .zero) -> Drain {
        Drain(
            registry: registry, listener: listener, time: time,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private var identities: Set<ChargePointIdentity> { Set(registry.all.map(\.chargePoint.identity)) }

    @Test func `All are ended, and gone when it is over`() async throws {
        for number in 1...20 { _ = try await connect(ChargePointIdentity("CP-\(number)"), listener: "l\(number % 2)") }
        await drain(over: .milliseconds(100)).run()
        #expect(registry.count == 0)
    }

    @Test func `Of a listener its own are ended, and not those of others`() async throws {
        for (identity, listener) in [("CP-1", "default"), ("CP-2", "site2"), ("CP-3", "wss:default")] {
            _ = try await connect(ChargePointIdentity(identity), listener: listener)
        }
        await drain(listener: "default").run()
        #expect(identities == ["CP-2", "CP-3"])
    }

    /// The listener has been started again, or another one has its name.
    @Test func `Who comes in after it has begun stays, also in the place of one that it ends`() async throws {
        for identity in ["CP-1", "CP-2"] { _ = try await connect(ChargePointIdentity(identity)) }
        let drain = drain(listener: "default", over: .milliseconds(200))
        let back = try await connect("CP-2")
        async let drained: Void = drain.run()
        let new = try await connect("CP-3")
        await drained
        #expect(identities == ["CP-2", "CP-3"])
        for session in [back, new] {
            #expect(registry.session(ofDownstreamTopic: session.downstreamTopic) === session)
        }
    }
}
