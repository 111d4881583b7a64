import NIOCore
import OutsideNames
import Testing

@testable import ChargePointSessions

@Suite("Claims")
struct ClaimTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func claim(
        _ gateway: ClientID = "A", _ session: String = "s1", _ time: Int64 = 1000, successor: String? = nil
    ) -> SessionClaim {
        SessionClaim(gateway: gateway, session: session, time: time, successor: successor)
    }

    // MARK: As bytes

    @Test("A claim is written as the relay format says, and read again")
    func written() throws {
        let claim = claim("gate \"1\"", "0af1", 1_769_860_800_007)
        let text = #"{"gateway":"gate \"1\"","session":"0af1","time":"2026-01-31T12:00:00.007Z"}"#
        #expect(String(buffer: claim.payload()) == text)
        #expect(try SessionClaim(claim.payload()) == claim)
        let end = claim.ended(inFavourOf: self.claim("B", "s2"))
        #expect(end.successor == "s2")
        #expect(try SessionClaim(end.payload()) == end)
    }

    @Test("Keys may come in any order, with others between them")
    func anyOrder() throws {
        let text = #" { "time" : "2026-01-31T12:00:00Z", "x":[1,{}], "session":"a-B_9", "gateway":"g" } "#
        #expect(try SessionClaim(ByteBuffer(string: text)) == claim("g", "a-B_9", 1_769_860_800_000))
    }

    @Test(
        "What is no claim is refused with a reason",
        arguments: [
            ("", "not a JSON object"), ("[]", "not a JSON object"), ("nonsense", "not a JSON object"),
            (#"{"gateway":"g","session":"s","time":"2026-01-31T12:00:00Z"} x"#, "not a JSON object"),
            (#"{"session":"s","time":"2026-01-31T12:00:00Z"}"#, "gateway"),
            (#"{"gateway":"","session":"s","time":"2026-01-31T12:00:00Z"}"#, "gateway"),
            (#"{"gateway":7,"session":"s","time":"2026-01-31T12:00:00Z"}"#, "gateway: not a string"),
            (#"{"gateway":"g","gateway":"h","session":"s","time":"2026-01-31T12:00:00Z"}"#, "gateway: twice"),
            (#"{"gateway":"g","session":"ü","time":"2026-01-31T12:00:00Z"}"#, "session"),
            (#"{"gateway":"g","session":"","time":"2026-01-31T12:00:00Z"}"#, "session"),
            (#"{"gateway":"g","session":"s"}"#, "time"),
            (#"{"gateway":"g","session":"s","time":"2026-02-30T12:00:00Z"}"#, "time"),
            (#"{"gateway":"g","session":"s","time":"2026-01-31T25:00:00Z"}"#, "time"),
            (#"{"gateway":"g","session":"s","time":"2026-01-31T12:00:00+01:00"}"#, "time"),
            (#"{"gateway":"g","session":"s","time":"2026-01-31T12:00:00Z","successor":""}"#, "successor"),
        ])
    func malformed(text: String, reason: String) {
        let flaw = #expect(throws: SessionClaim.Flaw.self) { try SessionClaim(ByteBuffer(string: text)) }
        #expect(flaw?.reason.contains(reason) == true, "\(flaw?.reason ?? "")")
    }

    @Test("A claim that is too long, or has a session id that is, is refused")
    func tooLong() {
        let end = #"","time":"2026-01-31T12:00:00Z"}"#
        for text in [
            #"{"gateway":"g","session":""# + String(repeating: "a", count: 65) + end,
            #"{"gateway":""# + String(repeating: "a", count: 9000) + #"","session":"s"# + end,
        ] {
            #expect(throws: SessionClaim.Flaw.self) { try SessionClaim(ByteBuffer(string: text)) }
        }
    }

    @Test(
        "Times are read to the millisecond",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.5Z", 500), ("1970-01-02T00:00:01.0429Z", 86_401_042),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999), ("2000-01-01T00:00:00.Z", nil),
            ("1969-12-31T23:59:59Z", nil), ("2026-1-31T12:00:00Z", nil), ("2026-01-31 12:00:00Z", nil),
            ("2026-01-31T12:00:00.x00Z", nil),
        ] as [(String, Int64?)])
    func times(text: String, milliseconds: Int64?) {
        #expect(WallClock.milliseconds(ofTimestamp: text) == milliseconds)
    }

    // MARK: Which session stays

    @Test("A later claim of another gateway replaces the session, an older one does not")
    func laterWins() {
        let held = claim("A", "s5", 1000)
        #expect(held.verdict(on: claim("B", "s1", 1001)) == .replaced)
        #expect(held.verdict(on: claim("B", "s9", 999)) == .stale)
    }

    @Test("Of two claims of the same time the greater session id stays, on either gateway")
    func ties() {
        let one = claim("A", "s5")
        let other = claim("B", "s6")
        #expect(one.verdict(on: other) == .replaced)
        #expect(other.verdict(on: one) == .stale)
    }

    @Test("Of any two sessions exactly one stays, whatever the order of their claims")
    func exactlyOne() {
        for (time, session) in [(999, "a"), (1000, "a"), (1000, "m"), (1000, "z"), (1001, "a")] as [(Int64, String)] {
            let one = claim("A", "k", 1000)
            let other = claim("B", session, time)
            #expect((one.verdict(on: other) == .replaced) != (other.verdict(on: one) == .replaced))
        }
    }

    @Test("A session's own claim marks its place in the broker's order, and other claims of its gateway mean nothing")
    func ownClaims() {
        let held = claim("A", "s5")
        #expect(held.verdict(on: held) == .returned)
        #expect(held.verdict(on: claim("A", "s6", 2000)) == .nothing)
        // Somebody else's word about this very session.
        #expect(held.verdict(on: claim("B", "s5", 2000)) == .nothing)
    }

    @Test("The end of a session concerns the one in whose favour it ended, and ends none")
    func ends() {
        let end = claim("B", "s4", 900, successor: "s5")
        #expect(claim("A", "s5").verdict(on: end) == .holderEnded)
        #expect(claim("A", "s6").verdict(on: end) == .nothing)
        #expect(claim("A", "s6", 100).verdict(on: end) == .nothing)
    }

    // MARK: Clocks

    @Test("A gateway whose clock is slow makes claims that are newer than those it has heard")
    func slowClock() {
        var clock = ClaimClock()
        #expect(clock.next(now: 1000) == 1000)
        #expect(clock.heard(1700, now: 1000) == true)
        #expect(clock.next(now: 1001) >= 1700)
        #expect(clock.heard(900, now: 1002) == true)
        #expect(clock.next(now: 1002) >= 1702)
    }

    @Test("A claim from far in the future is not believed, and moves no clock")
    func wrongClock() {
        var clock = ClaimClock()
        #expect(clock.heard(1000 + ClaimClock.longestLead + 1, now: 1000) == false)
        #expect(clock.next(now: 1000) == 1000)
        #expect(clock.heard(1000 + ClaimClock.longestLead, now: 1000) == true)
    }

    @Test("Claims of one gateway never go back in time")
    func monotonicClock() {
        var clock = ClaimClock()
        #expect(clock.next(now: 5000) == 5000)
        #expect(clock.next(now: 3000) == 5000)
    }

    // MARK: Waiting

    @Test("A new session publishes once the holder has reported its end")
    func waitsForHolder() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(!wait.isOver && !wait.hasReturned)
        wait.returned(isAlone: false, now: start)
        #expect(!wait.isOver && wait.hasReturned)
        wait.holderEnded()
        #expect(wait.isOver && wait.hasHolderEnded)
    }

    @Test("Where nobody holds the charge point, a new session publishes a moment after its claim has come back")
    func settles() {
        var wait = ClaimWait(isOn: true)
        // The claim may come back in front of the acknowledgement.
        wait.returned(isAlone: false, now: start)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(wait.deadline == start + ClaimWait.settleTime)
        wait.expire(linkIsUp: true, now: start + ClaimWait.settleTime - .milliseconds(1))
        #expect(!wait.isOver)
        wait.expire(linkIsUp: true, now: start + ClaimWait.settleTime)
        #expect(wait.isOver && !wait.hasHolderEnded)
    }

    @Test("A gateway that is alone waits for its own claim only")
    func alone() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: true, now: start)
        #expect(!wait.isOver)
        wait.returned(isAlone: true, now: start)
        #expect(wait.isOver)
    }

    @Test("A claim that does not come back is not waited for long, nor at all where no claims are heard")
    func bounded() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        wait.expire(linkIsUp: true, now: start + ClaimWait.longestReturn)
        #expect(wait.isOver && !wait.hasReturned)
        var cut = ClaimWait(isOn: true)
        cut.subscribed(isHeard: true, isAlone: false, now: start)
        cut.expire(linkIsUp: false, now: start + ClaimWait.longestReturn)
        #expect(!cut.isOver && cut.deadline == start + ClaimWait.longestReturn + ClaimWait.longestReturn)
        var deaf = ClaimWait(isOn: true)
        deaf.subscribed(isHeard: false, isAlone: false, now: start)
        #expect(deaf.isOver)
        #expect(ClaimWait(isOn: false).isOver)
    }

    // MARK: What others have

    @Test("A charge point that another gateway has claimed is elsewhere, until it is claimed here or forgotten")
    func book() {
        var book = ClaimBook()
        book.claimedElsewhere("cs/1", now: start)
        #expect(book.isElsewhere("cs/1", now: start + .seconds(61)) == true)
        #expect(book.isElsewhere("cs/2", now: start) == false)
        #expect(book.isElsewhere("cs/1", now: start + .seconds(130)) == false)
        book.claimedElsewhere("cs/1", now: start + .seconds(130))
        book.claimedHere("cs/1")
        #expect(book.isElsewhere("cs/1", now: start + .seconds(130)) == false)
    }

    @Test("A flood of claims does not make the book grow without end, and the last are known")
    func boundedBook() {
        var book = ClaimBook()
        for number in 0..<(3 * ClaimBook.generationSize) { book.claimedElsewhere("cs/\(number)", now: start) }
        #expect(book.isElsewhere("cs/0", now: start) == false)
        #expect(book.isElsewhere("cs/\(3 * ClaimBook.generationSize - 1)", now: start) == true)
    }

    @Test(
        "The filter for all charge points has a wildcard for each level with an identity",
        arguments: [
            ("ocpp/gateway/claims/${cid}", "ocpp/gateway/claims/+"), ("a/x-${cid}-y/b", "a/+/b"),
            ("${cid}/claims/${clientid}", "+/claims/+"), ("a//${cid}/", "a//+/"),
        ])
    func filters(template: String, filter: String) {
        #expect(TopicTemplate(template).filter == Topic(filter))
    }

    @Test("An inquiry is older than every session, ends none, and is answered with the holder's claim")
    func inquiry() throws {
        let asked = SessionClaim.inquiry(by: "b", message: "id \"7\"")
        #expect(try SessionClaim(asked.payload()) == asked)
        let holder = SessionClaim(gateway: "a", session: "s", time: 5)
        #expect(holder.verdict(on: asked) == .asked)
        #expect(SessionClaim(gateway: "b", session: "s", time: 5).verdict(on: asked) == .nothing)
        let answer = holder.answer(to: asked)
        let read = try SessionClaim(answer.payload())
        #expect(read == answer && read.inquiry == asked.session && !read.hasDelivered)
        // For everyone else it is the claim said once more.
        #expect(SessionClaim(gateway: "c", session: "t", time: 4).verdict(on: read) == .replaced)
        #expect(SessionClaim(gateway: "c", session: "t", time: 6).verdict(on: read) == .stale)
    }

    @Test("A message waits for the answer, is left to a session that was there before it, and is due otherwise")
    func unclaimed() {
        let start = NIODeadline.now()
        var messages = UnclaimedMessages<Int>()
        let inquiries = (1...3).map { SessionClaim.inquiry(by: "b", message: "\($0)") }
        for (message, topic) in [(1, "x"), (2, "y"), (3, "y")] as [(Int, Topic)] {
            let isHeld = messages.hold(message, topic: topic, inquiry: inquiries[message - 1], now: start)
            #expect(isHeld)
        }
        messages.begun(session: "new", topic: "y")
        func answer(_ session: String, _ inquiry: Int) -> Bool {
            let holder = SessionClaim(gateway: "a", session: session, time: 5)
            return messages.answered(holder.answer(to: inquiries[inquiry - 1]))
        }
        #expect(answer("old", 1))
        // It began behind the message: the broker did not deliver the message to it.
        #expect(!answer("new", 2))
        // Between its subscription and its claim the broker did, and it says so.
        let isLeft = messages.answered(SessionClaim.delivered(by: "a", answering: inquiries[2]))
        #expect(isLeft)
        let early = messages.takeDue(now: start)
        #expect(early.isEmpty)
        let due = messages.takeDue(now: start + UnclaimedMessages<Int>.patience)
        #expect(due == [2])
        #expect(messages.isEmpty)
    }

    @Test("A gateway remembers what it delivered although it came before the claim, and says so to others only")
    func deliveredBeforeClaim() throws {
        let claims = GatewayClaims(gatewayID: "a")
        claims.deliveredBeforeClaim("7", topic: "cs/CP-1")
        let asked = SessionClaim.inquiry(by: "b", message: "7")
        let answer = try #require(claims.answer(to: asked, topic: "cs/CP-1"))
        #expect(answer.hasDelivered && answer.inquiry == asked.session)
        #expect(claims.answer(to: asked, topic: "cs/CP-2") == nil)
        #expect(claims.answer(to: SessionClaim.inquiry(by: "b", message: "8"), topic: "cs/CP-1") == nil)
        #expect(claims.answer(to: SessionClaim.inquiry(by: "a", message: "7"), topic: "cs/CP-1") == nil)
        for number in 0..<5000 { claims.deliveredBeforeClaim("n\(number)", topic: "cs/CP-1") }
        #expect(claims.answer(to: asked, topic: "cs/CP-1") == nil)
    }

    @Test("No more messages wait for answers than memory is for")
    func unclaimedFlood() {
        var messages = UnclaimedMessages<Int>()
        var held = 0
        let inquiry = SessionClaim.inquiry(by: "b", message: "1")
        for number in 0..<10_000 where messages.hold(number, topic: "x", inquiry: inquiry, now: .now()) { held += 1 }
        #expect(held == 4096)
        let rest = messages.takeDue(now: .distantFuture)
        #expect(rest.count == 4096)
    }
}
