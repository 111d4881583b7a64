import NIOCore
import OCPPJ
import OutsideNames
import Testing

@testable import ChargePointSessions

/// management.md, "Metrics", as far as sessions count.
@Suite("What sessions count")
struct SessionCountersTests {
    private func frame(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func relay(_ text: String) -> DownstreamMessage {
        DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: nil)
    }

    @Test
    func `Every action of a version has a place of its own, and all others one together`() {
        for version in OCPPVersion.allCases {
            let index = ActionIndex.all[version.index]
            let places = version.actions.actions.map { index.place(of: $0) }
            #expect(Set(places).count == version.actions.actions.count)
            for (action, place) in zip(version.actions.actions, places) {
                #expect(index.name(ofPlace: place) == action)
            }
            for other in ["", "A", "Zz", "Heartbea", "Heartbeats", "heartbeat", "Authorize-Signed"] {
                #expect(index.name(ofPlace: index.place(of: other)) == ActionIndex.other)
            }
        }
    }

    @Test
    func `Messages, CALLs by action, their time to the answer, and what is open are counted both ways`() async throws {
        try await withEnds { ends in
            let session = try await ends.connect()
            try await ends.on(session) { [self] session in
                session.subscriptionAcknowledged()
                session.received(text: frame(#"[2,"1","Heartbeat",{}]"#))
                session.received(text: frame(#"[2,"2","OwnAction",{}]"#))
                for id in ["a", "b"] {
                    session.received(
                        relay(#"{"MessageTypeId":2,"UniqueId":"\#(id)","Action":"Reset","Payload":{}}"#))
                }
            }
            let counters = ends.counters
            #expect(counters.value(.openCallsUp) == 2 && counters.value(.openCallsDown) == 1)
            #expect(counters.value(.queuedCalls) == 1)
            ends.clock.advance(.seconds(2))
            try await ends.on(session) { [self] session in
                session.received(relay(#"{"MessageTypeId":3,"UniqueId":"1","Payload":{}}"#))
                session.received(text: frame(#"[3,"a",{}]"#))
            }
            #expect(counters.value(.openCallsUp) == 1 && counters.value(.openCallsDown) == 1)
            #expect(counters.value(.queuedCalls) == 0)
            #expect(counters.callsByAction(.up).map(\.action) == ["Heartbeat", "other"])
            #expect(counters.callsByAction(.down).map(\.count) == [2])
            for direction in MessageDirection.allCases {
                let seconds = counters.callSeconds(direction)
                #expect(seconds.count == 1 && abs(seconds.sum - 2) < 0.01)
            }
            #expect(counters.messages(.up, .call) == (count: 2, bytes: 44))
            #expect(counters.messages(.up, .result) == (count: 1, bytes: 10))
            #expect(counters.messages(.down, .call).count == 2 && counters.messages(.down, .result).count == 1)
            try await ends.on(session) { $0.end(.goingAway) }
            #expect(SessionGauge.allCases.allSatisfy { counters.value($0) == 0 })
        }
    }

    @Test
    func `Sessions are counted by listener and version while they are there, and by reason when they end`()
        async throws
    {
        try await withEnds { ends in
            let session = try await ends.connect()
            let here = ends.counters.sessionsByKind
            #expect(here.count == 1 && here[0] == (listener: "default", version: .v16, count: 1))
            try await ends.on(session) { $0.end(.connectionEnded(.closedByPeer)) }
            #expect(ends.counters.sessionsByKind.map(\.count) == [0])
            #expect(ends.counters.sessionsClosed(.closedByPeer) == 1 && ends.counters.sessionsClosed(.kicked) == 0)
        }
    }

    @Test
    func `Bad messages are counted by code and reports by reason, in the words of each version`() async throws {
        for (version, malformed) in [(OCPPVersion.v16, "FormationViolation"), (.v201, "RpcFrameworkError")] {
            try await withEnds(version: version) { ends in
                let session = try await ends.connect()
                try await ends.on(session) { [self] session in
                    session.subscriptionAcknowledged()
                    session.received(text: frame("nonsense"))
                    session.received(text: frame(#"[3,"none",{}]"#))
                    session.received(relay("nonsense"))
                }
                let counters = ends.counters
                #expect(counters.badMessagesByCode(.up).map(\.code).sorted() == [malformed, "none"].sorted())
                #expect(counters.badMessagesByCode(.down).map(\.code) == [malformed])
                #expect(counters.reports(.malformed) == 1 && counters.reports(.expired) == 0)
                #expect(counters.value(.reports) == 1)
            }
        }
    }
}
