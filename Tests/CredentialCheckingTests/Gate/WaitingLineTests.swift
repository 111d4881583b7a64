import OutsideNames
import Testing

@testable import CredentialChecking

/// authentication.md, "Load": one queue, first come, first served.
struct WaitingLineTests {
    private func origin(_ identity: ChargePointIdentity, _ host: String = "192.0.2.1") -> WaitingLine.Origin {
        .init(identity: identity, peerHost: host)
    }

    @Test func `First come, first served`() {
        var line = WaitingLine(capacity: 10)
        for ticket in 1...3 { #expect(line.enter(ticket, from: origin("CP\(ticket)")) == .waits(instead: nil)) }
        #expect((1...4).map { _ in line.next() } == [1, 2, 3, nil])
    }

    @Test func `It holds so many and no more`() {
        var line = WaitingLine(capacity: 2)
        _ = line.enter(1, from: origin("CP1"))
        _ = line.enter(2, from: origin("CP2"))
        #expect(line.enter(3, from: origin("CP3")) == .full)
        _ = line.next()
        #expect(line.enter(4, from: origin("CP4")) == .waits(instead: nil))
        var none = WaitingLine(capacity: 0)
        #expect(none.enter(1, from: origin("CP1")) == .full)
    }

    @Test func `A newer handshake of one identity from one address takes the older one's place`() {
        var line = WaitingLine(capacity: 2)
        _ = line.enter(1, from: origin("CP1"))
        _ = line.enter(2, from: origin("CP2"))
        #expect(line.enter(3, from: origin("CP1")) == .waits(instead: 1))
        #expect(line.count == 2)
        #expect((1...3).map { _ in line.next() } == [3, 2, nil])
    }

    @Test func `From another address it waits for itself`() {
        var line = WaitingLine(capacity: 3)
        _ = line.enter(1, from: origin("CP1"))
        #expect(line.enter(2, from: origin("CP1", "192.0.2.2")) == .waits(instead: nil))
        #expect((1...2).map { _ in line.next() } == [1, 2])
    }

    @Test func `Who has left is not asked about, and its origin may wait again`() {
        var line = WaitingLine(capacity: 3)
        _ = line.enter(1, from: origin("CP1"))
        _ = line.enter(2, from: origin("CP2"))
        let hasLeft = line.leave(1)
        #expect(hasLeft)
        let hasLeftAgain = line.leave(1)
        #expect(!hasLeftAgain)
        #expect(line.enter(3, from: origin("CP1")) == .waits(instead: nil))
        #expect(line.empty() == [2, 3])
    }

    @Test func `Coming and going leaves no places behind`() {
        var line = WaitingLine(capacity: 10)
        _ = line.enter(0, from: origin("first"))
        for ticket in 1...10_000 {
            _ = line.enter(ticket, from: origin("CP\(ticket)"))
            _ = line.leave(ticket)
        }
        #expect(line.placeCount < 100)
        #expect(line.next() == 0)
    }
}
