import Logging
import NIOCore
import OCPPJ
import OutsideNames
import Testing

@testable import ChargePointSessions

/// behaviour.md, "What a bad message from a charge point gets", and what a session tells about bad messages and its end.
@Suite("A session and messages that are not as they should be")
struct BadMessageSessionTests {
    private static func open(
        settings: SessionSettings = SessionSettings(), presence: String? = nil, invalid: String? = nil,
        _ body: (Ends, ChargePointSession) async throws -> Void
    ) async throws {
        try await withEnds(settings: settings, presence: presence, invalid: invalid) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { $0.subscriptionAcknowledged() }
            try await body(ends, session)
        }
    }

    private func frame(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }

    private func relay(_ text: String, isRetained: Bool = false) -> DownstreamMessage {
        DownstreamMessage(payload: ByteBuffer(string: text), isRetained: isRetained, expires: nil)
    }

    private let reset = #"{"MessageTypeId":2,"UniqueId":"d","Action":"Reset","Payload":{}}"#

    @Test
    func `A retry is swallowed and counted, and the one answer serves both`() async throws {
        try await Self.open(settings: SessionSettings(maxBadMessages: 1)) { ends, session in
            try await ends.on(session) { [frame, relay] session in
                for _ in 0..<4 { session.received(text: frame(#"[2,"1","Heartbeat",{}]"#)) }
                session.received(relay(#"{"MessageTypeId":3,"UniqueId":"1","Payload":{}}"#, false))
            }
            #expect(ends.published.count == 1)
            #expect(ends.sent(0) == [#"[3,"1",{}]"#])
            #expect(ends.counters.value(.retries) == 3 && ends.counters.value(.badMessages) == 0)
            #expect(ends.closes(0).isEmpty)
        }
    }

    @Test
    func `Other bytes with the UniqueId of an open CALL get ProtocolError, and the first is still answered`()
        async throws
    {
        try await Self.open { ends, session in
            try await ends.on(session) { [frame, relay] session in
                session.received(text: frame(#"[2,"1","Heartbeat",{}]"#))
                session.received(text: frame(#"[2,"1","Heartbeat",{ }]"#))
                session.received(relay(#"{"MessageTypeId":3,"UniqueId":"1","Payload":{}}"#, false))
            }
            #expect(ends.published.count == 1)
            #expect(ends.sent(0).count == 2)
            #expect(ends.sent(0).first?.hasPrefix(#"[4,"1","ProtocolError","#) == true)
            #expect(ends.sent(0).last == #"[3,"1",{}]"#)
        }
    }

    @Test
    func `An unknown message type is counted and told of on the invalid topic, and never too many`() async throws {
        let settings = SessionSettings(maxBadMessages: 1)
        try await Self.open(settings: settings, invalid: "bad/${cid}/${type}/${id}/${version}") { ends, session in
            try await ends.on(session) { [frame] session in
                for _ in 0..<5 { session.received(text: frame(#"[7,"x",{}]"#)) }
            }
            #expect(ends.counters.value(.unknownTypes) == 5 && ends.counters.value(.badMessages) == 0)
            #expect(ends.sent(0).isEmpty && ends.closes(0).isEmpty)
            #expect(ends.published.map(\.topic) == Array(repeating: "ocpp/bad/CP1/-1/x/1.6", count: 5))
            try await ends.on(session) { $0.received(text: ByteBuffer(string: #"[3,"u",{}]"#)) }
            #expect(ends.published.last?.topic == "ocpp/bad/CP1/3/u/1.6")
        }
    }

    @Test(
        arguments: [(#"[3,"d"]"#, 3), (#"[4,"d",5]"#, 4), (#"[3,"d",{]"#, 3)])
    func `A malformed answer to an open CALL is reported with the type of what failed, and any other is not`(
        text: String, type: Int
    ) async throws {
        try await Self.open { ends, session in
            try await ends.on(session) { [frame, relay, reset] session in
                session.received(text: frame(text))
                session.received(relay(reset, false))
                session.received(text: frame(text))
                session.received(text: frame(text))
            }
            #expect(ends.published.count == 1)
            let report = try #require(ends.published.first?.text)
            #expect(report.contains(#""UniqueId":"d","ErrorCode":"FormationViolation""#))
            #expect(
                report.hasSuffix(#""ErrorDetails":{"source":"gateway","reason":"malformed","type":\#(type)}}"#))
            #expect(ends.sent(0) == [#"[2,"d","Reset",{}]"#], "the charge point gets no answer")
        }
    }

    @Test
    func `A CALLERROR with odd details keeps its code, both ways`() async throws {
        try await Self.open { ends, session in
            try await ends.on(session) { [frame, relay, reset] session in
                session.received(relay(reset, false))
                session.received(text: frame(#"[4,"d","SecurityError",null,["why"]]"#))
                session.received(text: frame(#"[2,"1","Heartbeat",{}]"#))
                session.received(
                    relay(#"{"MessageTypeId":4,"UniqueId":"1","ErrorCode":"Odd","ErrorDetails":"why"}"#, false))
            }
            #expect(
                ends.published.first?.text == #"{"MessageTypeId":4,"UniqueId":"d","ErrorCode":"SecurityError","#
                    + #""ErrorDescription":"","ErrorDetails":["why"]}"#)
            #expect(ends.sent(0).last == #"[4,"1","Odd","",{}]"#)
        }
    }

    @Test
    func `An empty message is nothing; a retained one and one that is too long are refused, the latter unread`()
        async throws
    {
        try await Self.open(settings: SessionSettings(maxMessageSize: 200)) { ends, session in
            let data = String(repeating: "x", count: 200)
            let long = #"{"MessageTypeId":2,"UniqueId":"d","Action":"Reset","Payload":{"a":"\#(data)"}}"#
            try await ends.on(session) { [relay, reset] session in
                session.received(relay("", false))
                session.received(relay("", true))
                session.received(relay(reset, true))
                session.received(relay(long, false))
            }
            #expect(ends.sent(0).isEmpty)
            let reports = ends.published.map(\.text)
            #expect(reports.count == 2)
            #expect(reports.first?.hasSuffix(#"{"source":"gateway","reason":"retained","type":2}}"#) == true)
            #expect(reports.last?.hasSuffix(#"{"source":"gateway","reason":"malformed"}}"#) == true)
            #expect(reports.last?.contains(#""UniqueId":"-1""#) == true)
        }
    }

    @Test
    func `A UniqueId that would make levels of its own in a topic gets a CALLERROR, and too many of them are too many`()
        async throws
    {
        let settings = SessionSettings(maxBadMessages: 2)
        let templates = RelayTopicTemplates(call: "cp/${cid}/${id}", reply: "r/${id}", error: "e/${id}")
        try await withEnds(settings: settings, templates: templates) { ends in
            let session = try await ends.connect()
            try await ends.on(session) { [frame] session in
                session.subscriptionAcknowledged()
                for id in ["a/b", "+", "x"] { session.received(text: frame(#"[2,"\#(id)","Heartbeat",{}]"#)) }
            }
            #expect(ends.published.map(\.topic) == ["ocpp/cp/CP1/x"])
            #expect(ends.sent(0).map { $0.prefix(11) } == [#"[4,"a/b","F"#, #"[4,"+","For"#])
            try await ends.on(session) { [frame] session in
                for id in 0..<3 { session.received(text: frame(#"[2,"+\#(id)","Heartbeat",{}]"#)) }
            }
            #expect(ends.closes(0) == ["1008 too many bad messages"])
        }
    }

    @Test
    func `Silent for too long, one that has never answered a ping is asked of its TCP; one that has is closed`()
        async throws
    {
        let settings = SessionSettings(defaultHeartbeatInterval: .milliseconds(2))
        for (acknowledges, answers) in [(true, false), (false, false), (true, true)] {
            try await Self.open(settings: settings) { ends, session in
                ends.all[0].acknowledges.withLock { $0 = acknowledges }
                let isToStay = acknowledges && !answers
                var hasAnswered = false
                var turns = 0
                // Twelve pings are three times the allowed silence.
                while ends.closes(0).isEmpty, !isToStay || ends.pings(0) < 12, turns < 1000 {
                    turns += 1
                    ends.clock.advance(to: ends.all[0].timer.withLock { $0 })
                    if answers, !hasAnswered, ends.pings(0) > 0 {
                        hasAnswered = true
                        try await ends.on(session) { $0.showedLife(isPong: true) }
                    }
                    try await ends.on(session) { $0.timerFired() }
                }
                #expect(ends.pings(0) > 0)
                #expect(ends.closes(0) == (isToStay ? [] : ["1001 keepalive_timeout"]))
            }
        }
    }

    @Test
    func `The end of a session says in its presence message why, in one line`() async throws {
        for (end, expected) in [
            (
                SessionEnd.connectionEnded(.protocolError, code: 1002, detail: "frame not masked"),
                #""reason":"protocol_error","code":1002,"detail":"frame not masked","duration":"#
            ),
            (
                .connectionEnded(.closedByPeer, code: 1011, detail: "pong timeout"),
                #""reason":"closed_by_peer","code":1011,"detail":"pong timeout","duration":"#
            ),
            (.connectionEnded(.connectionLost), #""reason":"connection_lost","detail":"","duration":"#),
            (.keepaliveTimeout, #""reason":"keepalive_timeout","code":1001,"detail":"keepalive_timeout","duration":"#),
        ] {
            try await Self.open(presence: "presence/${cid}/${version}") { ends, session in
                try await ends.on(session) { $0.end(end) }
                #expect(ends.published.map(\.topic) == ["ocpp/presence/CP1/1.6", "ocpp/presence/CP1/1.6"])
                #expect(ends.published.last?.text.contains(expected) == true, "\(ends.published)")
            }
        }
    }
}
