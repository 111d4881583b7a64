import NIOCore
import OutsideNames
import Testing

@testable import BrokerLink

@Suite("Redelivery and backlog")
struct RedeliveryTests {
    private func key(_ packetID: Int32, _ payload: String, topic: Topic = "t") -> Int {
        Array(payload.utf8).withUnsafeBytes { RedeliveryFilter.key(packetID: packetID, topic: topic, payload: $0) }
    }

    @Test
    func `What was delivered on the last link is delivered once more only in appearance`() {
        var filter = RedeliveryFilter(receiveMaximum: 512)
        #expect(filter.isNew(key(1, "a")) == true)
        #expect(filter.isNew(key(2, "b")) == true)
        filter.linkUp(sessionPresent: true)
        #expect(filter.isNew(key(2, "b")) == false)
        #expect(filter.isNew(key(3, "c")) == true)
        #expect(filter.isNew(key(2, "b")) == true, "only once: then the identifier is another message's")
    }

    @Test
    func `The same text with another packet identifier, or on another topic, is another message`() {
        var filter = RedeliveryFilter(receiveMaximum: 512)
        #expect(filter.isNew(key(1, "a")) == true)
        filter.linkUp(sessionPresent: true)
        #expect(filter.isNew(key(2, "a")) == true)
        #expect(filter.isNew(key(1, "a", topic: "u")) == true)
        #expect(filter.isNew(key(1, "b")) == true)
    }

    @Test
    func `Within one link, in a new session, and later on, nothing counts as delivered again`() {
        var filter = RedeliveryFilter(receiveMaximum: 512)
        #expect(filter.isNew(key(1, "a")) == true)
        #expect(filter.isNew(key(1, "a")) == true)
        filter.linkUp(sessionPresent: false)
        #expect(filter.isNew(key(1, "a")) == true)
        filter.linkUp(sessionPresent: true)
        filter.forgetSuspects()
        #expect(filter.isNew(key(1, "a")) == true)
    }

    @Test
    func `What an older connection with the same client id received is known to the one that took its session over`() {
        var older = RedeliveryFilter(receiveMaximum: 32)
        #expect(older.isNew(key(1, "a")) == true)
        var newer = RedeliveryFilter(receiveMaximum: 32)
        newer.linkUp(sessionPresent: true)
        newer.inherit(from: older)
        #expect(newer.isNew(key(1, "a")) == false)
        #expect(newer.isNew(key(2, "b")) == true)
    }

    @Test
    func `What a connection received is kept for the next with its client id, for a while`() {
        let start = NIODeadline.now()
        var filter = RedeliveryFilter(receiveMaximum: 32)
        var recent = RecentRedeliveries()
        recent.keep(filter, of: "nothing received", now: start)
        #expect(recent.filter(of: "nothing received") == nil)
        #expect(filter.isNew(key(1, "a")) == true)
        recent.keep(filter, of: "CP1", now: start)
        recent.keep(filter, of: "CP2", now: start + .seconds(29))
        #expect(recent.filter(of: "CP1") != nil && recent.filter(of: "CP2") != nil)
        recent.keep(filter, of: "CP3", now: start + .seconds(30))
        #expect(recent.filter(of: "CP1") == nil && recent.filter(of: "CP2") != nil)
        for number in 0..<20_000 { recent.keep(filter, of: "\(number)", now: start + .seconds(31)) }
        #expect(recent.filter(of: "0") == nil && recent.filter(of: "19999") != nil)
    }

    @Test
    func `As many messages are remembered as the broker may deliver again`() {
        var filter = RedeliveryFilter(receiveMaximum: 512)
        for number in 0..<5000 {
            #expect(filter.isNew(key(Int32(number), "")) == true)
        }
        filter.linkUp(sessionPresent: true)
        #expect(filter.isNew(key(Int32(4999 - 1024), "")) == true)
        #expect(filter.isNew(key(Int32(5000 - 1024), "")) == false)
        #expect(filter.isNew(key(4999, "")) == false)
    }

    @Test
    func `The backlog is full beyond its limit, and says so once when there is room again`() {
        let backlog = DeliveryBacklog()
        backlog.handedOver(DeliveryBacklog.limit, bytes: 0)
        #expect(!backlog.isFull)
        backlog.handedOver(10, bytes: 0)
        #expect(backlog.isFull)
        #expect(!backlog.finished(9, bytes: 0))
        #expect(backlog.finished(1, bytes: 0))
        #expect(!backlog.isFull && !backlog.finished(1, bytes: 0))
    }
}
