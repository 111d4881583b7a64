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

    @Test
    func `A claim is written as the relay format says, and read again`() throws {
        let claim = claim("gate \"1\"", "0af1", 1_769_860_800_007)
        let text = #"{"gateway":"gate \"1\"","session":"0af1","time":"2026-01-31T12:00:00.007Z"}"#
        #expect(String(buffer: claim.payload()) == text)
        #expect(try SessionClaim(claim.payload()) == claim)
        let end = claim.ended(inFavourOf: self.claim("B", "s2"))
        #expect(end.successor == "s2")
        #expect(try SessionClaim(end.payload()) == end)
    }

    @Test
    func `Keys may come in any order, with others between them`() throws {
        let text = #" { "time" : "2026-01-31T12:00:00Z", "x":[1,{}], "session":"a-B_9", "gateway":"g" } "#
        #expect(try SessionClaim(ByteBuffer(string: text)) == claim("g", "a-B_9", 1_769_860_800_000))
    }

    @Test(
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
    func `What is no claim is refused with a reason`(text: String, reason: String) {
        let flaw = #expect(throws: SessionClaim.Flaw.self) { try SessionClaim(ByteBuffer(string: text)) }
        #expect(flaw?.reason.contains(reason) == true, "\(flaw?.reason ?? "")")
    }

    @Test
    func `A claim that is too long, or has a session id that is, is refused`() {
        let end = #"","time":"2026-01-31T12:00:00Z"}"#
        for text in [
            #"{"gateway":"g","session":""# + String(repeating: "a", count: 65) + end,
            #"{"gateway":""# + String(repeating: "a", count: 9000) + #"","session":"s"# + end,
        ] {
            #expect(throws: SessionClaim.Flaw.self) { try SessionClaim(ByteBuffer(string: text)) }
        }
    }

    @Test(
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("1970-01-01T00:00:00.5Z", 500), ("1970-01-02T00:00:01.0429Z", 86_401_042),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999), ("2000-01-01T00:00:00.Z", nil),
            ("1969-12-31T23:59:59Z", nil), ("2026-1-31T12:00:00Z", nil), ("2026-01-31 12:00:00Z", nil),
            ("2026-01-31T12:00:00.x00Z", nil),
        ] as [(String, Int64?)])
    func `Times are read to the millisecond`(text: String, milliseconds: Int64?) {
        #expect(WallClock.milliseconds(ofTimestamp: text) == milliseconds)
    }

    // MARK: Which session stays

    /// Of a session that began when its claim says, seen a minute later.
    private func verdict(of held: SessionClaim, on other: SessionClaim) -> ClaimVerdict {
        let now = held.time + 60_000
        return HeldClaim(held, age: .milliseconds(now - held.time), now: now).verdict(on: other, now: now)
    }

    @Test
    func `A later claim of another gateway replaces the session, an older one does not`() {
        let held = claim("A", "s5", 1000)
        #expect(verdict(of: held, on: claim("B", "s1", 1001)) == .replaced)
        #expect(verdict(of: held, on: claim("B", "s9", 999)) == .stale)
    }

    @Test
    func `Of two claims of the same time the greater session id stays, by its bytes, on either gateway`() {
        let one = claim("A", "s5")
        let other = claim("B", "s6")
        #expect(verdict(of: one, on: other) == .replaced)
        #expect(verdict(of: other, on: one) == .stale)
        #expect(verdict(of: claim("A", "Z"), on: claim("B", "a")) == .replaced)
        #expect(verdict(of: claim("A", "a"), on: claim("B", "ab")) == .replaced)
    }

    @Test
    func `Of any two sessions exactly one stays, whatever the order of their claims`() {
        for (time, session) in [(999, "a"), (1000, "a"), (1000, "m"), (1000, "z"), (1001, "a")] as [(Int64, String)] {
            let one = claim("A", "k", 1000)
            let other = claim("B", session, time)
            #expect((verdict(of: one, on: other) == .replaced) != (verdict(of: other, on: one) == .replaced))
        }
    }

    @Test
    func `A session's own claim marks its place in the broker's order, and other claims of its gateway mean nothing`() {
        let held = claim("A", "s5")
        #expect(verdict(of: held, on: held) == .returned)
        #expect(verdict(of: held, on: claim("A", "s6", 2000)) == .nothing)
        // Somebody else's word about this very session.
        #expect(verdict(of: held, on: claim("B", "s5", 2000)) == .nothing)
    }

    @Test
    func `The end of a session concerns the one in whose favour it ended, and ends none`() {
        let end = claim("B", "s4", 900, successor: "s5")
        #expect(verdict(of: claim("A", "s5"), on: end) == .holderEnded)
        #expect(verdict(of: claim("A", "s6"), on: end) == .nothing)
        #expect(verdict(of: claim("A", "s6", 100), on: end) == .nothing)
    }

    @Test
    func `A session whose claim follows a clock that is ahead gives way to one that really began later`() {
        // It began at 100 s, and its claim had to be later than one that was 59 s ahead.
        let began: Int64 = 100_000
        let now = began + 2000
        let held = HeldClaim(claim("A", "s5", began + 59_001), age: .seconds(2), now: now)
        #expect(held.verdict(on: claim("B", "s6", now), now: now) == .replaced)
        #expect(held.verdict(on: claim("B", "s6", began - 1), now: now) == .stale)
        // The one that is ahead, said again.
        #expect(held.verdict(on: claim("B", "s6", began + 59_000), now: now) == .stale)
        #expect(held.verdict(on: claim("B", "s6", began + 59_002), now: now) == .replaced)
    }

    @Test(
        arguments: [-1, 1] as [Int64])
    func `A claim of an hour ahead or behind is dated anew, once the clock has been set`(direction: Int64) {
        let now: Int64 = 10_000_000
        let held = HeldClaim(claim("A", "s5", now - 5000 + direction * 3_600_000), age: .seconds(5), now: now)
        #expect(held.claim == claim("A", "s5", now - 5000))
        #expect(held.verdict(on: claim("B", "s6", now - 4000), now: now) == .replaced)
        #expect(held.verdict(on: claim("B", "s6", now - 6000), now: now) == .stale)
        // Its own claim, as it went out.
        #expect(held.verdict(on: claim("A", "s5", 7), now: now) == .returned)
    }

    // MARK: Waiting

    private func expire(
        _ wait: inout ClaimWait, linkIsUp: Bool = true, claimsComeBack: Bool = false, holdsCommands: Bool = false,
        _ now: NIODeadline
    ) -> NIODeadline? {
        wait.expire(linkIsUp: linkIsUp, claimsComeBack: claimsComeBack, holdsCommands: holdsCommands, now: now)
    }

    @Test
    func `Where claims come back, and where a command came in front of one, the wait is longer`() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(expire(&wait, claimsComeBack: true, start + ClaimWait.longestReturn) == nil)
        #expect(wait.deadline == start + ClaimWait.longestSureReturn)
        let returned = start + .seconds(9)
        wait.returned(isAlone: false, now: returned)
        #expect(expire(&wait, holdsCommands: true, returned + ClaimWait.settleTime) == nil)
        #expect(wait.deadline == returned + ClaimWait.longestSettleTime)
        #expect(expire(&wait, holdsCommands: true, returned + ClaimWait.longestSettleTime) == nil)
        #expect(wait.isOver)
        var never = ClaimWait(isOn: true)
        never.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(expire(&never, claimsComeBack: true, start + ClaimWait.longestSureReturn) == start)
        #expect(never.isOver)
    }

    @Test
    func `A new session publishes once the holder has reported its end`() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(!wait.isOver && !wait.hasReturned)
        wait.returned(isAlone: false, now: start)
        #expect(!wait.isOver && wait.hasReturned)
        wait.holderEnded()
        #expect(wait.isOver && wait.hasHolderEnded)
    }

    @Test
    func `Where nobody holds the charge point, a new session publishes a moment after its claim has come back`() {
        var wait = ClaimWait(isOn: true)
        // The claim may come back in front of the acknowledgement.
        wait.returned(isAlone: false, now: start)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(wait.deadline == start + ClaimWait.settleTime)
        #expect(expire(&wait, start + ClaimWait.settleTime - .milliseconds(1)) == nil)
        #expect(!wait.isOver)
        #expect(expire(&wait, start + ClaimWait.settleTime) == nil)
        #expect(wait.isOver && !wait.hasHolderEnded)
    }

    @Test
    func `A gateway that is alone waits for its own claim only`() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: true, now: start)
        #expect(!wait.isOver)
        wait.returned(isAlone: true, now: start)
        #expect(wait.isOver)
    }

    @Test
    func `A claim that does not come back is not waited for long, nor at all where no claims are heard`() {
        var wait = ClaimWait(isOn: true)
        wait.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(expire(&wait, start + ClaimWait.longestReturn) == start, "since when")
        #expect(wait.isOver && !wait.hasReturned)
        var cut = ClaimWait(isOn: true)
        cut.subscribed(isHeard: true, isAlone: false, now: start)
        #expect(expire(&cut, linkIsUp: false, start + ClaimWait.longestReturn) == nil)
        #expect(!cut.isOver && cut.deadline == start + ClaimWait.longestReturn + ClaimWait.longestReturn)
        var deaf = ClaimWait(isOn: true)
        deaf.subscribed(isHeard: false, isAlone: false, now: start)
        #expect(deaf.isOver)
        var refused = ClaimWait(isOn: true)
        refused.cannotHear()
        #expect(refused.isOver)
        #expect(ClaimWait(isOn: false).isOver)
    }

    // MARK: What others have

    @Test
    func `A charge point that another gateway has claimed is elsewhere, until it is claimed here or forgotten`() {
        var book = ClaimBook()
        book.claimedElsewhere("cs/1", by: "gw2", now: start)
        #expect(book.isElsewhere("cs/1", now: start + .seconds(61)) == true)
        #expect(book.holder(of: "cs/1", now: start + .seconds(61)) == "gw2")
        #expect(book.isElsewhere("cs/2", now: start) == false)
        #expect(book.isElsewhere("cs/1", now: start + .seconds(130)) == false)
        book.claimedElsewhere("cs/1", by: "gw2", now: start + .seconds(130))
        book.claimedHere("cs/1")
        #expect(book.isElsewhere("cs/1", now: start + .seconds(130)) == false)
    }

    @Test
    func `A flood of claims does not make the book grow without end, and the last are known`() {
        var book = ClaimBook()
        for number in 0..<(3 * ClaimBook.generationSize) {
            book.claimedElsewhere("cs/\(number)", by: "gw2", now: start)
        }
        #expect(book.isElsewhere("cs/0", now: start) == false)
        #expect(book.isElsewhere("cs/\(3 * ClaimBook.generationSize - 1)", now: start) == true)
    }

    @Test(
        arguments: [
            ("ocpp/gateway/claims/${cid}", "ocpp/gateway/claims/+"), ("a/x-${cid}-y/b", "a/+/b"),
            ("${cid}/claims/${clientid}", "+/claims/+"), ("a//${cid}/", "a//+/"),
        ])
    func `The filter for all charge points has a wildcard for each level with an identity`(
        template: String, filter: String
    ) {
        #expect(TopicTemplate(template).filter == Topic(filter))
    }

    @Test
    func `An inquiry ends no session, and its answer is no claim`() throws {
        let asked = SessionClaim.inquiry(by: "b", message: "id \"7\"")
        #expect(try SessionClaim(asked.payload()) == asked)
        let holder = claim("a", "s", 5)
        #expect(verdict(of: holder, on: asked) == .asked)
        #expect(verdict(of: claim("b", "s", 5), on: asked) == .nothing)
        for answer in [holder.answer(to: asked), holder.delivered(answering: asked)] {
            let read = try SessionClaim(answer.payload())
            #expect(read == answer && read.inquiry == asked.session && !read.isOfSession)
            #expect(verdict(of: claim("c", "t", 4), on: read) == .nothing)
        }
    }

    @Test
    func `A hello and its welcome are read as they were written, and are no claims`() throws {
        let hello = SessionClaim.hello(by: "a", time: 1000)
        #expect(try SessionClaim(hello.payload()) == hello)
        let welcome = try SessionClaim(hello.welcome(from: "b", time: 2000).payload())
        #expect(welcome.inquiry == hello.session && welcome.gateway == "b")
        for message in [hello, welcome] {
            #expect(!message.isOfSession && verdict(of: claim("c", "t", 4), on: message) == .nothing)
        }
    }

    // MARK: Topics

    @Test(
        arguments: ["CP-1", "\u{301}CP", "a+b", "100%", "%2B", "%gateways", "K", "\u{212A}"])
    func `The topics of charge points are told from each other by bytes, and from those of gateways`(identity: String)
        throws
    {
        let template = TopicTemplate("ocpp/gateway/claims/${cid}")
        let topic = try #require(template.filled(identity: ChargePointIdentity(identity)).topic)
        #expect(template.identity(in: topic)?.text.hasSameBytes(as: identity) == true)
        #expect(topic != template.gateways && topic != template.answers(to: ClientID(identity)))
    }

    @Test
    func `A gateway is answered on one level of its own, whatever its name`() {
        let template = TopicTemplate("c/${cid}")
        #expect(template.answers(to: "gw-1.a_B") == "c/%gateway-gw-1.a_B")
        #expect(template.answers(to: "a/b+#%é") == "c/%gateway-a%2fb%2b%23%25%c3%a9")
        #expect(template.answers(to: ClientID(String(repeating: "a", count: 257))) == nil)
        #expect(template.gateways == "c/%gateways")
        for topic in [template.answers(to: "gw"), template.answers(to: "2B"), template.gateways] {
            #expect(topic.map { template.identity(in: $0) } == .some(nil))
        }
    }
}
