import CMosquittoWire
import Glibc
import Testing

@testable import BrokerLink

/// What libmosquitto's reads and writes come to, over a pair of sockets.
struct PacketWireTests {
    /// Two ends that are connected; the near one is what libmosquitto has.
    private final class Ends {
        let near: Int32
        let far: Int32

        init() throws {
            var ends: [Int32] = [-1, -1]
            try #require(
                socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0, &ends) == 0)
            (near, far) = (ends[0], ends[1])
        }

        deinit {
            close(near)
            close(far)
        }

        func arrived() -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: 1 << 20)
            let count = Glibc.read(far, &bytes, bytes.count)
            return Array(bytes.prefix(max(0, count)))
        }

        func send(_ bytes: [UInt8]) {
            _ = Glibc.write(far, bytes, bytes.count)
        }

        /// What the kernel has for the near end.
        var waiting: Int32 {
            var byte: UInt8 = 0
            return Int32(recv(near, &byte, 1, Int32(MSG_PEEK)))
        }
    }

    private let buffers = PacketWire.Buffers()

    private func wire(_ ends: Ends) throws -> PacketWire {
        let wire = try #require(PacketWire(buffers))
        wire.use(ends.near)
        return wire
    }

    /// How many bytes were taken, or the error, negative.
    private func write(_ bytes: [UInt8], to ends: Ends) -> Int {
        let count = cmosquittowire_write(ends.near, bytes, bytes.count)
        return count < 0 ? -Int(errno) : count
    }

    private func read(_ count: Int, from ends: Ends) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = cmosquittowire_read(ends.near, &bytes, count)
        return result < 0 ? nil : Array(bytes.prefix(result))
    }

    @Test func `libmosquitto reads and writes by the wire`() {
        #expect(PacketWire.isPossible)
    }

    @Test func `The kernel is asked once for what is read in pieces`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        ends.send([1, 2, 3, 4, 5])
        wire.becameReadable()
        wire.work(gathering: true) {
            #expect(read(1, from: ends) == [1])
            #expect(ends.waiting < 0, "it has all")
            #expect(wire.hasRead)
            #expect(read(2, from: ends) == [2, 3])
            #expect(read(9, from: ends) == [4, 5])
            #expect(!wire.hasRead)
            // What comes meanwhile is for the next time that the kernel says so.
            ends.send([6])
            #expect(read(1, from: ends) == nil)
        }
        wire.becameReadable()
        wire.work(gathering: true) { #expect(read(1, from: ends) == [6]) }
    }

    @Test func `The end of the connection is read behind the last bytes`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        ends.send([1])
        shutdown(ends.far, Int32(SHUT_WR))
        wire.becameReadable()
        wire.work(gathering: true) { #expect(read(1, from: ends) == [1]) }
        wire.becameReadable()
        wire.work(gathering: true) { #expect(read(1, from: ends) == []) }
    }

    @Test func `A long message is read past the buffer`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        let long = [UInt8](repeating: 7, count: cmosquittowire_room)
        ends.send([1])
        ends.send(long)
        wire.becameReadable()
        wire.work(gathering: true) {
            #expect(read(1, from: ends) == [1])
            var rest: [UInt8] = []
            while rest.count < long.count, let more = read(2 * long.count, from: ends) { rest += more }
            #expect(rest == long)
        }
    }

    @Test func `What is written goes out together with the flush, and not before`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        wire.work(gathering: true) {
            #expect(write([1, 2], to: ends) == 2)
            #expect(write([3], to: ends) == 1)
        }
        #expect(ends.arrived() == [])
        wire.flush()
        #expect(ends.arrived() == [1, 2, 3])
    }

    @Test func `What does not wait goes out at once, behind what waits`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        wire.work(gathering: true) { #expect(write([1], to: ends) == 1) }
        wire.work(gathering: false) { #expect(write([2], to: ends) == 1) }
        #expect(ends.arrived() == [1, 2])
    }

    @Test func `More than the buffer takes keeps its order`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        var sent: [UInt8] = []
        var arrived: [UInt8] = []
        for number in 0..<300 {
            let packet = [UInt8](repeating: UInt8(number % 251), count: 997)
            var rest = packet[...]
            while !rest.isEmpty {
                let count = wire.work(gathering: true) { write(Array(rest), to: ends) }
                arrived += ends.arrived()
                if count < 0 { wire.flush() } else { rest = rest.dropFirst(count) }
            }
            sent += packet
        }
        while arrived.count < sent.count {
            wire.flush()
            arrived += ends.arrived()
        }
        #expect(arrived == sent)
    }

    @Test func `What the kernel does not take is kept, and nothing goes past it`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        var room: Int32 = 4096
        setsockopt(ends.near, SOL_SOCKET, SO_SNDBUF, &room, socklen_t(MemoryLayout<Int32>.size))
        let packet = [UInt8](repeating: 5, count: 60_000)
        wire.work(gathering: true) { #expect(write(packet, to: ends) == packet.count) }
        wire.flush()
        #expect(wire.isFull)
        wire.work(gathering: true) {
            #expect(write([6], to: ends) == -Int(EAGAIN))
        }
        var arrived = ends.arrived()
        while wire.isFull {
            wire.flush()
            arrived += ends.arrived()
        }
        wire.work(gathering: false) { #expect(write([6], to: ends) == 1) }
        arrived += ends.arrived()
        #expect(arrived == packet + [6])
    }

    @Test func `Where sending fails the connection is shut down`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        shutdown(ends.far, Int32(SHUT_RD))
        wire.work(gathering: true) { #expect(write([1], to: ends) == 1) }
        wire.flush()
        wire.becameReadable()
        wire.work(gathering: true) {
            #expect(write([2], to: ends) == -Int(EPIPE))
            #expect(read(1, from: ends) == [], "which libmosquitto finds when it reads")
        }
        #expect(!wire.isFull)
    }

    @Test func `Connections of one thread do not mix`() throws {
        let (first, second) = (try Ends(), try Ends())
        let (one, other) = (try wire(first), try wire(second))
        one.work(gathering: true) { #expect(write([1], to: first) == 1) }
        other.work(gathering: true) { #expect(write([2], to: second) == 1) }
        one.flush()
        other.flush()
        #expect(first.arrived() == [1])
        #expect(second.arrived() == [2])
        first.send([3, 4])
        second.send([5, 6])
        one.becameReadable()
        other.becameReadable()
        one.work(gathering: true) { #expect(read(1, from: first) == [3]) }
        other.work(gathering: true) {
            #expect(read(1, from: second) == [5])
            #expect(read(1, from: second) == [6])
        }
        one.work(gathering: true) { #expect(read(1, from: first) == [4]) }
    }

    @Test func `Turns nest, as call-backs do`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        ends.send([1, 2])
        wire.becameReadable()
        wire.work(gathering: true) {
            #expect(read(1, from: ends) == [1])
            wire.work(gathering: false) { #expect(write([7], to: ends) == 1) }
            #expect(write([8], to: ends) == 1)
            #expect(read(1, from: ends) == [2])
        }
        #expect(ends.arrived() == [7])
        wire.flush()
        #expect(ends.arrived() == [8])
    }

    @Test func `A socket that was closed gets nothing more, whoever has its number`() throws {
        let ends = try Ends()
        let wire = try wire(ends)
        wire.work(gathering: true) { #expect(write([1], to: ends) == 1) }
        wire.use(nil)
        wire.flush()
        #expect(ends.arrived() == [])
        #expect(write([2], to: ends) == 1, "of nobody who is at work: as it is")
        #expect(ends.arrived() == [2])
    }
}
