import NIOCore
import OCPPJ
import OutsideNames
import Testing

@testable import ChargePointSessions

@Suite("A session of OCPP 2.x between its two ends")
struct VersionSessionTests {
    private static func down(_ text: String, expires: NIODeadline? = nil, version: String? = nil) -> DownstreamMessage {
        DownstreamMessage(payload: ByteBuffer(string: text), isRetained: false, expires: expires, version: version)
    }

    private static let send = #"{"MessageTypeId":6,"UniqueId":"s","Action":"A","Payload":{}}"#

    @Test
    func `A SEND whose expiry has passed when it arrives is reported, another goes down at once`() async throws {
        try await withEnds(version: .v21) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(Self.down(Self.send, expires: ends.clock.now - .seconds(1)))
                session.received(Self.down(Self.send, expires: ends.clock.now + .seconds(60)))
                session.received(Self.down(Self.send))
            }
            #expect(ends.sent(0) == [#"[6,"s","A",{}]"#, #"[6,"s","A",{}]"#])
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1/Reply"])
            #expect(ends.published.first?.text.contains(#""reason":"expired","type":6}"#) == true)
        }
    }

    @Test
    func `What a charge point does not take is refused with queue_full, and its CALL stays open`() async throws {
        try await withEnds(version: .v21) { ends in
            let session = try await ends.connect()
            let answer = #"{"MessageTypeId":3,"UniqueId":"c","Payload":{}}"#
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(text: ByteBuffer(string: #"[2,"c","A",{}]"#))
                ends.all[0].room.withLock { $0 = 0 }
                session.received(Self.down(Self.send))
                session.received(Self.down(answer))
                // To no open CALL: a log line and nothing else, as ever.
                session.received(Self.down(#"{"MessageTypeId":3,"UniqueId":"nobody's","Payload":{}}"#))
                session.received(Self.down(#"{"MessageTypeId":5,"UniqueId":"e","ErrorCode":"E"}"#))
            }
            #expect(ends.sent(0).isEmpty)
            let reports = ends.published.dropFirst().map(\.text)
            #expect(reports.count == 3)
            for (report, type) in zip(reports, [6, 3, 5]) {
                #expect(report.contains(#""reason":"queue_full","type":\#(type)}"#), "\(report)")
            }
            try await ends.on(session) { session in
                ends.all[0].room.withLock { $0 = .max }
                session.received(Self.down(answer))
            }
            #expect(ends.sent(0) == [#"[3,"c",{}]"#])
        }
    }

    @Test
    func `A SEND that waits behind CALLs when the session ends is published: nobody says it again`() async throws {
        try await withEnds(settings: SessionSettings(maxOpenCalls: 1), version: .v21) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                for text in [#"[2,"1","A",{}]"#, #"[2,"2","A",{}]"#, #"[6,"3","B",{}]"#, #"[6,"4","B",{}]"#] {
                    session.received(text: ByteBuffer(string: text))
                }
            }
            #expect(ends.published.count == 1)
            try await ends.on(session) { $0.end(.connectionEnded(.connectionLost)) }
            #expect(
                ends.published.dropFirst().map(\.text) == [
                    #"{"MessageTypeId":6,"UniqueId":"3","Action":"B","Payload":{}}"#,
                    #"{"MessageTypeId":6,"UniqueId":"4","Action":"B","Payload":{}}"#,
                ])
        }
    }

    @Test
    func `A CALLRESULTERROR does not expire`() async throws {
        try await withEnds(version: .v21) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(
                    Self.down(
                        #"{"MessageTypeId":5,"UniqueId":"e","ErrorCode":"E"}"#, expires: ends.clock.now - .seconds(1)))
            }
            #expect(ends.sent(0) == [#"[5,"e","E","",{}]"#] && ends.published.isEmpty)
        }
    }

    @Test(
        arguments: [
            OCPPVersion.v16, .v201,
        ])
    func `5 and 6 are refused in sessions that do not know them, with their type`(version: OCPPVersion) async throws {
        try await withEnds(version: version) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(Self.down(Self.send))
                session.received(Self.down(#"{"MessageTypeId":5,"UniqueId":"e","ErrorCode":"E"}"#))
            }
            #expect(ends.sent(0).isEmpty)
            #expect(ends.published.count == 2)
            for (report, type) in zip(ends.published, [6, 5]) {
                #expect(report.text.contains(#""reason":"malformed","type":\#(type)}"#), "\(report)")
            }
        }
    }

    @Test
    func `A 5 or 6 for another version is refused as such`() async throws {
        try await withEnds(version: .v21) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(Self.down(Self.send, version: "2.0.1"))
                session.received(Self.down(Self.send, version: "2.1"))
            }
            #expect(ends.sent(0).count == 1)
            #expect(ends.published.first?.text.contains(#""reason":"version","type":6}"#) == true)
            let description = #""ErrorDescription":"ocpp-version: 2.0.1, but the charge point speaks 2.1""#
            #expect(ends.published.first?.text.contains(description) == true)
        }
    }

    @Test
    func `The session's topics have its version; once it is over nobody knows the version`() async throws {
        let templates = RelayTopicTemplates(error: "cp/${cid}/${version}/${type}")
        try await withEnds(templates: templates, version: .v201) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { session in
                session.subscriptionAcknowledged()
                session.received(Self.down("garbage"))
                session.end(.connectionEnded(.connectionLost))
                session.received(Self.down(#"{"MessageTypeId":3,"UniqueId":"late","Payload":{}}"#))
            }
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1/2.0.1/4", "ocpp/cp/CP1/-/4"])
            #expect(ends.published.last?.text.contains(#""reason":"not_connected","type":3}"#) == true)
        }
    }
}
