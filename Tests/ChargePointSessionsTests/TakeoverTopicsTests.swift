import NIOCore
import OCPPJ
import OutsideNames
import Testing

@testable import ChargePointSessions

@Suite("Where gateways meet, and whose a message is")
struct TakeoverTopicsTests {
    private let templates = [
        RelayTopicTemplates(mountpoint: "a/"), RelayTopicTemplates(mountpoint: "b/", claim: nil),
        RelayTopicTemplates(mountpoint: "c/", claim: "x/${cid}"),
    ]

    private func topics() throws -> TakeoverTopics {
        try #require(TakeoverTopics(templates, gatewayID: "here"))
    }

    private let claim = SessionClaim(gateway: "there", session: "s1", time: 1000)

    @Test
    func `Where no listener has a claim topic takeover is off`() {
        #expect(TakeoverTopics([templates[1]], gatewayID: "here") == nil)
        #expect(TakeoverTopics([], gatewayID: "here") == nil)
    }

    @Test
    func `Each claim topic has its meeting, and a place where this gateway is answered`() throws {
        #expect(
            try topics().meetings == [
                "a/gateway/claims/%gateways": "a/gateway/claims/%gateway-here", "c/x/%gateways": "c/x/%gateway-here",
            ])
        let shared = try #require(TakeoverTopics([templates[0], templates[0]], gatewayID: "here"))
        #expect(shared.meetings.count == 1)
    }

    @Test
    func `A claim concerns the charge point of its topic, whichever listener that is of`() throws {
        #expect(
            try topics().heard(claim.payload(), on: "a/gateway/claims/CP%2B1", isRetained: false)
                == .claim(claim, of: "CP+1", downstream: "a/cs/CP%2B1"))
        #expect(
            try topics().heard(claim.payload(), on: "c/x/CP1", isRetained: false)
                == .claim(claim, of: "CP1", downstream: "c/cs/CP1"))
        for other in ["a/cs/CP1", "b/gateway/claims/CP1", "a/gateway/claims/CP1/more", "c/x/"] as [Topic] {
            #expect(try topics().heard(claim.payload(), on: other, isRetained: false) == nil)
        }
    }

    @Test
    func `A hello says where its gateway is answered; anything else there is none`() throws {
        let hello = SessionClaim.hello(by: "there", time: 1000)
        #expect(
            try topics().heard(hello.payload(), on: "c/x/%gateways", isRetained: false)
                == .hello(hello, answers: "c/x/%gateway-there"))
        #expect(
            try topics().heard(claim.payload(), on: "c/x/%gateways", isRetained: false) == .flaw("no hello", of: nil))
    }

    @Test
    func `What is retained or cannot be read is no claim`() throws {
        #expect(
            try topics().heard(claim.payload(), on: "c/x/CP1", isRetained: true) == .flaw("retained", of: "CP1"))
        guard case .flaw(_, of: "CP1") = try topics().heard(ByteBuffer(string: "x"), on: "c/x/CP1", isRetained: false)
        else {
            Issue.record("read")
            return
        }
    }

    @Test
    func `On the topic where this gateway is answered answers count alone`() throws {
        let answer = claim.welcome(from: "there", time: 1000)
        #expect(try topics().answer(answer.payload(), isRetained: false).get() == answer)
        for (payload, isRetained) in [
            (answer.payload(), true), (claim.payload(), false), (ByteBuffer(string: "x"), false),
        ] {
            #expect(throws: SessionClaim.Flaw.self) {
                try topics().answer(payload, isRetained: isRetained).get()
            }
        }
    }

    @Test
    func `A claim goes to the session that is here; for others' charge points subscriptions that are left over go`() {
        let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
        var directory = TakeoverDirectory<Int>(gatewayID: "here")
        let own = SessionClaim(gateway: "here", session: "s2", time: 2000)
        #expect(directory.heard(claim, topic: "x", isHere: true, held: own, now: start) == .deliver)
        #expect(directory.heard(claim, topic: "x", isHere: false, held: nil, now: start) == .discardSubscription)
        #expect(directory.heard(own, topic: "x", isHere: false, held: nil, now: start) == .nothing)
    }

    // MARK: Messages that no session has subscribed to

    @Test
    func `A message belongs to the charge point of its topic, by the templates of all listeners`() {
        let owners = DownstreamOwners(templates)
        let text = ByteBuffer(string: "x")
        guard case .chargePoint("CP+1", let topics) = owners.owner(of: "b/cs/CP%2B1", payload: text) else {
            Issue.record("nobody's")
            return
        }
        #expect(topics.downstream == "b/cs/CP%2B1")
        guard case .nobody = owners.owner(of: "d/cs/CP1", payload: text) else {
            Issue.record("somebody's")
            return
        }
        guard case .emptyMessage = owners.owner(of: "b/cs/CP1", payload: ByteBuffer()) else {
            Issue.record("a retained message is cleared so")
            return
        }
    }

    @Test
    func `What is reported of a charge point that is not here names no version`() {
        let template = RelayTopicTemplates(error: "err/${cid}/${version}/${type}")
        let topics = SessionTopics(templates: template, identity: "CP1", version: nil)
        let report = NotConnectedReport(OCPPMessageHead(type: .call, uniqueID: "7"), topics: topics)
        #expect(report.topic == "ocpp/err/CP1/-/4" && report.uniqueID == "7")
        #expect(
            String(buffer: report.payload)
                == #"{"MessageTypeId":4,"UniqueId":"7","ErrorCode":"GenericError","ErrorDescription":"the charge point is not connected","ErrorDetails":{"source":"gateway","reason":"not_connected","type":2}}"#
        )
        let unread = NotConnectedReport(OCPPMessageHead(), topics: topics)
        #expect(unread.uniqueID == "-1" && String(buffer: unread.payload).hasSuffix(#""reason":"not_connected"}}"#))
        let tooLong = NotConnectedReport(longerThan: 1024, topics: topics)
        #expect(tooLong.uniqueID == "-1" && tooLong.reason == .malformed)
        #expect(String(buffer: tooLong.payload).contains(#""ErrorDescription":"longer than 1024 bytes, "#))
    }
}
