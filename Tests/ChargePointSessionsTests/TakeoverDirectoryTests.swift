import NIOCore
import OutsideNames
import Testing

@testable import ChargePointSessions

@Suite("What a gateway knows of the others")
struct TakeoverDirectoryTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000_000)

    private func claim(_ gateway: ClientID, _ session: String, _ time: Int64 = 1000) -> SessionClaim {
        SessionClaim(gateway: gateway, session: session, time: time)
    }

    // MARK: Messages for charge points that are not here

    /// The inquiry of a message that came for nobody.
    private func ask(_ directory: inout TakeoverDirectory<Int>, _ message: Int, _ topic: Topic) throws -> SessionClaim {
        let decision = directory.arrived(message, topic: topic, uniqueID: "\(message)", isAlone: false, now: start)
        guard case .ask(let inquiry) = decision else {
            Issue.record("\(decision)")
            throw CancellationError()
        }
        #expect(inquiry.inquiredMessage == "\(message)" && inquiry.gateway == "here")
        return inquiry
    }

    @Test
    func `A message is left to the gateway that has claimed the charge point, until it is claimed here`() {
        var directory = TakeoverDirectory<Int>(gatewayID: "here")
        func isLeft(_ topic: Topic) -> Bool {
            if case .leave = directory.arrived(1, topic: topic, uniqueID: nil, isAlone: false, now: start) {
                true
            } else {
                false
            }
        }
        directory.heard(claim("there", "s1"), topic: "x", isHere: false, held: nil, now: start)
        #expect(isLeft("x") && !isLeft("y"))
        directory.heard(claim("here", "s2"), topic: "x", isHere: true, held: claim("here", "s2"), now: start)
        #expect(!isLeft("x"))
        // An older session there does not have it.
        directory.heard(claim("there", "s3", 500), topic: "x", isHere: true, held: claim("here", "s2"), now: start)
        #expect(!isLeft("x"))
        // Nor is this a session.
        directory.heard(
            claim("there", "s4").ended(inFavourOf: claim("here", "s2")), topic: "x", isHere: false, held: nil,
            now: start)
        directory.heard(
            SessionClaim.inquiry(by: "there", message: "1"), topic: "x", isHere: false, held: nil, now: start)
        #expect(!isLeft("x"))
    }

    @Test
    func `A gateway that is alone asks nobody, nor can anybody be asked about a message without a UniqueId`() {
        var directory = TakeoverDirectory<Int>(gatewayID: "here")
        for (id, isAlone) in [("1", true), (nil, false)] as [(UniqueID?, Bool)] {
            let decision = directory.arrived(1, topic: "x", uniqueID: id, isAlone: isAlone, now: start)
            guard case .report = decision else {
                Issue.record("\(decision)")
                continue
            }
        }
    }

    @Test
    func `A message waits for the answer, is left to a session that was there before it, and is due otherwise`() throws
    {
        var directory = TakeoverDirectory<Int>(gatewayID: "here")
        let inquiries = try [(1, "x"), (2, "y"), (3, "y"), (4, "z")].map { try ask(&directory, $0.0, Topic($0.1)) }
        directory.heard(claim("there", "new"), topic: "y", isHere: false, held: nil, now: start)
        #expect(directory.answered(claim("there", "old").answer(to: inquiries[0])) == true)
        // It began behind the message: the broker did not deliver the message to it.
        #expect(directory.answered(claim("there", "new").answer(to: inquiries[1])) == false)
        // Between its subscription and its claim the broker did, and it says so.
        #expect(directory.answered(claim("there", "new").delivered(answering: inquiries[2])) == true)
        #expect(directory.answered(claim("here", "old").answer(to: inquiries[3])) == false, "by itself")
        #expect(directory.answered(claim("there", "old").answer(to: inquiries[0])) == false, "again")
        let early = directory.takeDue(now: start)
        #expect(early.isEmpty)
        let due = directory.takeDue(now: start + TakeoverDirectory<Int>.patience)
        #expect(due == [2, 4])
    }

    @Test
    func `No more messages wait for answers than memory is for; the others are reported at once`() {
        var directory = TakeoverDirectory<Int>(gatewayID: "here")
        var reported = 0
        for number in 0..<10_000 {
            let decision = directory.arrived(number, topic: "x", uniqueID: "1", isAlone: false, now: start)
            if case .report = decision { reported += 1 }
        }
        #expect(reported == 10_000 - 4096)
        let rest = directory.takeDue(now: .distantFuture)
        #expect(rest.count == 4096)
    }

    // MARK: What was received here

    @Test
    func `What came in the first moments is remembered, and what came later needs no memory`() {
        var received = ReceivedEarly()
        received.received("before", start)
        received.subscribed(start)
        received.received("7", start + .seconds(1))
        #expect(received.answer(about: "before", start + .seconds(2)) == .received)
        #expect(received.answer(about: "7", start + .seconds(2)) == .received)
        #expect(received.answer(about: "8", start + .seconds(2)) == .unknown)
        received.age(start + ReceivedEarly.youth)
        #expect(received.isOver)
        #expect(received.answer(about: "8", start + ReceivedEarly.youth) == .subscribedForLong)
        // The next session of the same gateway has the same subscription.
        received.subscribed(start + .seconds(20))
        #expect(received.answer(about: "9", start + .seconds(21)) == .subscribedForLong)
        #expect(ReceivedEarly().answer(about: "9", start) == .unknown)
    }

    @Test
    func `A flood of commands in the first moments takes no memory without end`() {
        var received = ReceivedEarly()
        received.subscribed(start)
        for number in 0...ReceivedEarly.most { received.received("\(number)", start) }
        #expect(received.answer(about: "\(ReceivedEarly.most - 1)", start) == .received)
        #expect(received.answer(about: "\(ReceivedEarly.most)", start) == .unknown)
    }

    // MARK: Others at all

    @Test
    func `A gateway is alone once everybody has heard its hello and nobody has answered`() {
        var company = GatewayCompany()
        #expect(!company.isAlone(now: start + .hours(1)), "nobody has been asked")
        company.saidHello(["a", "b"])
        company.helloReturned("b", now: start)
        company.helloReturned("of somebody else", now: start)
        #expect(!company.isAlone(now: start + .hours(1)), "the broker has not delivered all")
        company.helloReturned("a", now: start)
        #expect(!company.isAlone(now: start + GatewayCompany.patience - .milliseconds(1)))
        #expect(company.isAlone(now: start + GatewayCompany.patience))
        // A new link: others may have come meanwhile.
        company.saidHello(["c"])
        #expect(!company.isAlone(now: start + .hours(1)))
        company.helloReturned("c", now: start)
        #expect(company.isAlone(now: start + .hours(1)) && !company.isInCompany)
        company.met()
        #expect(!company.isAlone(now: start + .hours(1)) && company.isInCompany)
        company.saidHello(["d"])
        company.helloReturned("d", now: start)
        #expect(!company.isAlone(now: start + .hours(1)), "it is known for good")
    }

    // MARK: Hearing

    @Test
    func `That no claim comes back is said once, and is over with the first one that does`() {
        var hearing = ClaimHearing()
        #expect(hearing.isHeard)
        #expect(hearing.missed(since: start) == .silent)
        #expect(!hearing.isHeard)
        #expect(hearing.missed(since: start + .seconds(2)) == nil, "said already")
        // A new link is tried without a word.
        hearing.linkUp()
        #expect(hearing.isHeard)
        #expect(hearing.missed(since: start + .seconds(5)) == nil)
        #expect(!hearing.isHeard)
        #expect(hearing.returned(start + .seconds(6)) == .works)
        #expect(hearing.isHeard)
        #expect(hearing.refused() == .refused)
        #expect(hearing.refused() == nil)
        #expect(hearing.missed(since: start + .seconds(9)) == nil)
        #expect(!hearing.isHeard)
        #expect(hearing.returned(start + .seconds(10)) == .works)
    }

    @Test
    func `A broker that hangs for a moment is not taken for one that delivers no claims`() {
        var hearing = ClaimHearing()
        #expect(hearing.returned(start) == nil)
        #expect(hearing.missed(since: start - .seconds(1)) == nil, "others come back: this one was lost")
        #expect(hearing.missed(since: start + .seconds(1)) == nil)
        #expect(hearing.missed(since: start + .seconds(8)) == nil)
        #expect(hearing.isHeard)
        #expect(hearing.returned(start + .seconds(9)) == nil)
        #expect(hearing.missed(since: start + .seconds(12)) == nil)
        #expect(hearing.missed(since: start + .seconds(22)) == .silent)
        #expect(!hearing.isHeard)
    }
}
