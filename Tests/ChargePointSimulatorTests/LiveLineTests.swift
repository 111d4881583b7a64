import Foundation
import Testing

@testable import ChargePointSimulator

@Suite("The live line")
struct LiveLineTests {
    private func written(quiet: Bool) throws -> String {
        let pipe = Pipe()
        var output = LiveLine(quiet: quiet, descriptor: pipe.fileHandleForWriting.fileDescriptor)
        output.event("begun")
        for second in 1...11 { output.tick("second \(second)") }
        output.summary(["ended"])
        try pipe.fileHandleForWriting.close()
        return String(decoding: try #require(try pipe.fileHandleForReading.readToEnd()), as: UTF8.self)
    }

    @Test
    func `without a terminal: a plain line every five seconds, events and the summary`() throws {
        #expect(try written(quiet: false) == "begun\nsecond 5\nsecond 10\nended\n")
    }

    @Test
    func `quiet: the summary only`() throws {
        #expect(try written(quiet: true) == "ended\n")
    }

    @Test
    func `what happened between two moments becomes events`() {
        var before = FleetSnapshot(chargePoints: 2)
        var after = FleetSnapshot(chargePoints: 2, connected: 2, connections: 2)
        #expect(after.events(since: before) == ["first charge point connected", "all 2 charge points connected"])
        #expect(after.events(since: after).isEmpty)
        before = after
        after.connected = 1
        after.connectionsLost = 1
        after.lastFailure = "connection broken"
        #expect(after.events(since: before) == ["1 connection lost (last: connection broken)"])
    }
}
