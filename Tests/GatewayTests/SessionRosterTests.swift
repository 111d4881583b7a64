import ChargePointSessions
import Management
import NIOCore
import NIOPosix
import OutsideNames
import Testing

@testable import Gateway

@Suite("Management: who is here")
struct SessionRosterTests {
    private let loop = MultiThreadedEventLoopGroup.singleton.next()
    private let registry = SessionRegistry()

    private func connect(_ identity: ChargePointIdentity) async throws -> ChargePointSession {
        try await StandInSession.connect(
            identity, to: registry, listener: "wss:site2", address: "[2001:db8::7]:5123", on: loop)
    }

    private func kick(_ session: ChargePointSession) async throws {
        try await loop.submit { session.assumeIsolated { $0.end(.kicked) } }.get()
    }

    @Test func `The roster says what does not change while a session lasts`() async throws {
        let roster = SessionRoster(registry)
        let before = Timestamp.now.millisecondsSince1970
        let session = try await connect("CP1")
        let entry = try #require(roster.roster(changedSince: nil)?.entries.first)
        #expect(entry.key.session == session.sessionID && entry.identity == "CP1" && entry.userName == "user")
        #expect(entry.address == "2001:db8::7" && entry.version == "1.6")
        #expect(entry.listener == Management.ListenerID(type: "wss", name: "site2"))
        // It is made of two clocks; a busy machine may take its time in between.
        let possible = before - 1000...Timestamp.now.millisecondsSince1970 + 1000
        #expect(possible.contains(entry.connectedAt.millisecondsSince1970))
    }

    @Test func `There is another roster when somebody has come or gone, and none else`() async throws {
        let roster = SessionRoster(registry)
        let empty = try #require(roster.roster(changedSince: nil))
        #expect(empty.entries.isEmpty && roster.roster(changedSince: empty.revision) == nil)
        let first = try await connect("CP1")
        _ = try await connect("CP2")
        let two = try #require(roster.roster(changedSince: empty.revision))
        #expect(Set(two.entries.map(\.identity)) == ["CP1", "CP2"])
        #expect(roster.roster(changedSince: two.revision) == nil)
        try await kick(first)
        let one = try #require(roster.roster(changedSince: two.revision))
        #expect(one.entries == two.entries.filter { $0.identity == "CP2" }, "the same, to the millisecond")
    }

    @Test func `A session is found by its key, in the order asked for, until it has ended or been replaced`()
        async throws
    {
        let roster = SessionRoster(registry)
        let first = try await connect("CP1")
        let second = try await connect("CP2")
        let keys = [second, first].map { SessionKey($0.sessionID) }
        #expect(roster.sessions(keys).map(\.entry.identity) == ["CP2", "CP1"])
        let newer = try await connect("CP2")
        #expect(roster.sessions(keys).map(\.entry.identity) == ["CP1"])
        #expect(roster.sessions([SessionKey(newer.sessionID)]).count == 1)
        try await kick(first)
        #expect(roster.sessions(keys).isEmpty)
    }
}
