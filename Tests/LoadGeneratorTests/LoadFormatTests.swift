import ClientEndpoints
import NIOCore
import Testing

@testable import LoadGenerator

/// What goes over the wire and into the report, without a wire.
@Suite("The load generator's formats")
struct LoadFormatTests {
    @Test(arguments: [0, 1, 63], [UInt64(0), 1, 0xFF_FFFF_FFFF])
    func `A UniqueId says its slot and its number`(slot: Int, sequence: UInt64) {
        var digits = [UInt8](repeating: 0, count: LoadUniqueID.length)
        LoadUniqueID.digits(slot: slot, sequence: sequence) { digits[$0] = $1 }
        digits.withUnsafeBytes { bytes in
            let read = LoadUniqueID.read(bytes)
            #expect(read?.slot == slot)
            #expect(read?.sequence == sequence)
        }
    }

    @Test(arguments: ["", "00000000000", "0000000000000", "40000000000a", "00000000000G", "00000000000A"])
    func `What is no UniqueId of ours is none`(text: String) {
        Array(text.utf8).withUnsafeBytes { #expect(LoadUniqueID.read($0) == nil) }
    }

    @Test(arguments: [0, 5, 125, 126, 65_535, 65_536])
    func `A server's frame is read when all of it is there, and not before`(length: Int) throws {
        var whole = ByteBuffer(bytes: [0x81])
        switch length {
        case ...125: whole.writeInteger(UInt8(length))
        case ...65_535:
            whole.writeInteger(UInt8(126))
            whole.writeInteger(UInt16(length))
        default:
            whole.writeInteger(UInt8(127))
            whole.writeInteger(UInt64(length))
        }
        whole.writeRepeatingByte(0x61, count: length)
        var part = whole.getSlice(at: 0, length: whole.readableBytes - 1) ?? ByteBuffer()
        #expect(try ServerFrameReader.next(in: &part) == nil)
        guard case .message(let payload) = try ServerFrameReader.next(in: &whole) else {
            Issue.record("no message")
            return
        }
        #expect(payload.readableBytes == length)
        #expect(whole.readableBytes == 0)
    }

    @Test(arguments: [UInt64(16 * 1024 * 1024 + 1), .max])
    func `A frame that is too long is refused by its header`(length: UInt64) {
        var header = ByteBuffer(bytes: [0x82, 127])
        header.writeInteger(length)
        #expect(throws: ServerFrameReader.TooLong.self) { try ServerFrameReader.next(in: &header) }
    }

    @Test func `Identities are numbered, and sources take turns`() throws {
        var target = try LoadTarget(endpoint: CentralSystemEndpoint(url: "ws://127.0.0.1:9/ocpp"))
        target.prefix = "L"
        target.sources = 251
        #expect(target.identity(0) == "L00001")
        #expect(target.identity(123_455) == "L123456")
        #expect(target.source(0)?.ipAddress == "127.0.0.1")
        #expect(target.source(250)?.ipAddress == "127.0.1.1")
        #expect(target.source(251)?.ipAddress == "127.0.0.1")
    }

    @Test func `A charge point with a password sends it with its identity`() throws {
        let endpoint = try CentralSystemEndpoint(url: "ws://127.0.0.1:9/ocpp", password: "secret")
        let request = String(buffer: try LoadTarget(endpoint: endpoint).request(0))
        #expect(request.hasPrefix("GET /ocpp/LOAD00001 HTTP/1.1\r\n"))
        #expect(request.contains("\r\nAuthorization: Basic TE9BRDAwMDAxOnNlY3JldA==\r\n"))
        #expect(request.hasSuffix("\r\n\r\n"))
    }

    @Test(arguments: [(0.0, 0, "0"), (-0.04, 1, "0.0"), (1234.567, 1, "1234.6"), (-2.5, 1, "-2.5"), (.nan, 1, "nan")])
    func `Figures are written with their decimals`(value: Double, decimals: Int, text: String) {
        #expect(value.text(decimals) == text)
    }

    @Test func `What all event loops counted is added, and the first refusal stays`() {
        var one = LoadCounters(open: 1, sent: 3)
        one.firstRefusal = "first"
        var other = LoadCounters(open: 2, sent: 4)
        other.firstRefusal = "second"
        let sum = one + other
        #expect(sum.open == 3)
        #expect(sum.sent == 7)
        #expect(sum.firstRefusal == "first")
        var counters = sum
        counters.startOver()
        #expect(counters.sent == 0)
        #expect(counters.open == 3)
    }
}
