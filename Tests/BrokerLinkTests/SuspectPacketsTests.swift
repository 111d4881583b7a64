import NIOCore
import OutsideNames
import Testing

@testable import BrokerLink

@Suite("behaviour.md: a packet over which the broker ends the link")
struct SuspectPacketsTests {
    private typealias Packet = SuspectPackets.Packet
    private let now = NIODeadline.now()

    @Test
    func
        `After two losses behind the same packets these are suspects; one is sent at a time, and the culprit is found`()
    {
        var suspects = SuspectPackets()
        #expect(
            suspects.linkLost(unacknowledged: [.message(1), .message(2), .message(3)], isBrokers: true) == .nothing)
        #expect(!suspects.isSearching)
        suspects.answered(.message(1))
        #expect(
            suspects.linkLost(unacknowledged: [.message(2), .message(3), .message(4)], isBrokers: true) == .suspects(2))
        #expect(!suspects.isAboutSubscriptions)
        #expect(suspects.next(now: now) == [.message(2)])
        #expect(suspects.next(now: now) == nil)
        #expect(suspects.isProbing)
        suspects.answered(.message(2))
        #expect(suspects.next(now: now) == [.message(3)])
        #expect(suspects.linkLost(unacknowledged: [.message(3)], isBrokers: true) == .culprit(.message(3)))
        #expect(!suspects.isSearching)
        #expect(suspects.linkLost(unacknowledged: [.message(5)], isBrokers: true) == .nothing)
    }

    @Test
    func `What was acknowledged in between is no suspect, and losses behind different packets say nothing`() {
        var suspects = SuspectPackets()
        #expect(suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true) == .nothing)
        suspects.answered(.message(1))
        #expect(suspects.linkLost(unacknowledged: [.message(2)], isBrokers: true) == .nothing)
        #expect(suspects.linkLost(unacknowledged: [.message(3)], isBrokers: true) == .nothing)
        #expect(suspects.linkLost(unacknowledged: [], isBrokers: true) == .nothing)
        #expect(!suspects.isSearching)
    }

    @Test
    func `A link that fell silent accuses nobody, and what was being looked at is looked at again`() {
        var suspects = SuspectPackets()
        for _ in 0..<3 {
            #expect(suspects.linkLost(unacknowledged: [.message(1)], isBrokers: false) == .nothing)
        }
        #expect(!suspects.isSearching)
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        #expect(suspects.next(now: now) == [.message(1)])
        #expect(suspects.linkLost(unacknowledged: [.message(1)], isBrokers: false) == .nothing)
        #expect(suspects.next(now: now) == [.message(1)])
    }

    @Test
    func `A broker that does nothing for two seconds has nothing against the packet`() {
        var suspects = SuspectPackets()
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        _ = suspects.next(now: now)
        suspects.expire(now: now + .milliseconds(1999))
        #expect(suspects.isProbing)
        suspects.expire(now: now + .seconds(2))
        #expect(!suspects.isSearching)
        // And a loss later is not behind it.
        #expect(suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true) == .nothing)
    }

    @Test
    func `Subscriptions come first, together; over a packet of many the search goes on one by one`() {
        let topics: [Packet] = (0..<150).map { .subscription("cs/\($0)") }
        var suspects = SuspectPackets()
        _ = suspects.linkLost(unacknowledged: [.message(1)] + topics, isBrokers: true)
        #expect(suspects.linkLost(unacknowledged: [.message(1)] + topics, isBrokers: true) == .suspects(151))
        #expect(suspects.isAboutSubscriptions)
        #expect(suspects.next(now: now) == Array(topics[..<100]))
        for topic in topics[..<100] { suspects.answered(topic) }
        #expect(suspects.next(now: now) == Array(topics[100...]))
        #expect(
            suspects.linkLost(unacknowledged: topics.suffix(50), isBrokers: true) == .narrowed(Array(topics[100...])))
        #expect(suspects.next(now: now) == [topics[100]])
        suspects.answered(topics[100])
        #expect(suspects.next(now: now) == [topics[101]])
        #expect(suspects.linkLost(unacknowledged: [topics[101]], isBrokers: true) == .culprit(topics[101]))
        #expect(suspects.next(now: now) == [topics[102]])
    }

    @Test
    func `A link that is lost before it has settled accuses nobody: nothing is sent on it`() {
        var suspects = SuspectPackets()
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        suspects.linkUp(now: now)
        #expect(suspects.deadline == now + SuspectPackets.shortestLife)
        #expect(suspects.next(now: now + .milliseconds(199)) == nil)
        #expect(suspects.linkLost(unacknowledged: [], isBrokers: true) == .nothing)
        suspects.linkUp(now: now)
        #expect(suspects.next(now: now + .milliseconds(200)) == [.message(1)])
    }

    @Test
    func `With QoS 2 it takes four losses in a row, because the search may deliver a message twice`() {
        var suspects = SuspectPackets(lossesNeeded: 4)
        for _ in 0..<3 {
            #expect(suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true) == .nothing)
        }
        #expect(suspects.linkLost(unacknowledged: [.message(1), .message(2)], isBrokers: true) == .suspects(1))
    }

    @Test
    func `One that could not be sent, because the link was gone already, is not the culprit`() {
        var suspects = SuspectPackets()
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        _ = suspects.linkLost(unacknowledged: [.message(1)], isBrokers: true)
        _ = suspects.next(now: now)
        suspects.notSent()
        #expect(suspects.linkLost(unacknowledged: [], isBrokers: true) == .nothing)
        #expect(suspects.next(now: now) == [.message(1)])
    }
}

@Suite("What is like a packet over which the broker has ended the link")
struct CulpritMemoryTests {
    private let now = NIODeadline.now()

    @Test
    func `The next one on the topic that is as long goes out alone, after a second loss none does, for ten minutes`() {
        var culprits = CulpritMemory()
        culprits.add("cp/1", size: 500, now: now)
        #expect(culprits.advice("cp/1", size: 499, now: now) == .send)
        #expect(culprits.advice("cp/2", size: 900, now: now) == .send)
        #expect(culprits.advice("cp/1", size: 500, now: now) == .sendAlone)
        culprits.add("cp/1", size: 600, now: now)
        #expect(culprits.advice("cp/1", size: 500, now: now + .minutes(9)) == .refuse)
        #expect(culprits.advice("cp/1", size: 500, now: now + .minutes(10)) == .send)
        #expect(culprits.isEmpty)
    }

    @Test
    func `One that the broker takes after all clears its topic`() {
        var culprits = CulpritMemory()
        culprits.add("cp/1", size: 500, now: now)
        culprits.acknowledged("cp/1", size: 499)
        #expect(!culprits.isEmpty)
        culprits.acknowledged("cp/1", size: 500)
        #expect(culprits.isEmpty)
    }

    @Test
    func `Three long ones on different topics, and the broker takes none that long, unless it has`() {
        var culprits = CulpritMemory()
        culprits.add("cp/1", size: 20_000, now: now)
        #expect(culprits.advice("cp/9", size: 19_999, now: now) == .send)
        #expect(culprits.advice("cp/9", size: 20_000, now: now) == .sendAlone)
        culprits.add("cp/2", size: 21_000, now: now)
        culprits.add("cp/3", size: 22_000, now: now)
        #expect(culprits.advice("cp/9", size: 22_000, now: now) == .refuse)
        culprits.acknowledged("cp/8", size: 30_000)
        #expect(culprits.advice("cp/9", size: 22_000, now: now) == .send)
    }

    @Test
    func `It is bounded: the oldest is forgotten`() {
        var culprits = CulpritMemory()
        for number in 0...256 { culprits.add("\(number)", size: 1, now: now + .milliseconds(Int64(number))) }
        #expect(culprits.advice("0", size: 1, now: now) == .send)
        #expect(culprits.advice("1", size: 1, now: now) == .sendAlone)
    }
}
