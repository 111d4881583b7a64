import NIOCore
import NIOEmbedded
import Testing

@testable import WebSocketFrontEnd

@Suite("Receive buffers")
struct ReceiveBufferTests {
    private let shared = SharedReceiveBuffer(capacity: 2048, eventLoop: EmbeddedEventLoop())

    private func capacity(of allocator: ReleasingReceiveAllocator) -> Int {
        allocator.buffer(allocator: ByteBufferAllocator()).capacity
    }

    @Test
    func `Only the first, small one is one that an idle connection keeps`() {
        var allocator = ReleasingReceiveAllocator(shared: shared)
        #expect(capacity(of: allocator) == 16)
        let mayGrow = allocator.record(actualReadBytes: 16)
        #expect(mayGrow, "asks for a new one")
        #expect(capacity(of: allocator) == 2048)
    }

    @Test
    func `A channel needs no box for its allocator`() {
        #expect(MemoryLayout<ReleasingReceiveAllocator>.size <= 3 * MemoryLayout<Int>.size)
    }

    @Test
    func `A read that fills its buffer makes the next one larger, and a short one makes it small again`() {
        var allocator = ReleasingReceiveAllocator(shared: shared)
        for read in [16, 2048, 8192, 32768, 65536] { _ = allocator.record(actualReadBytes: read) }
        #expect(capacity(of: allocator) == 65536)
        _ = allocator.record(actualReadBytes: 100)
        #expect(capacity(of: allocator) == 2048)
    }

    private func address(_ buffer: ByteBuffer) -> UInt {
        buffer.withVeryUnsafeBytes { UInt(bitPattern: $0.baseAddress) }
    }

    @Test
    func `A buffer that was given back is used again, empty`() {
        var buffer = shared.take()
        let second = address(buffer)
        buffer.writeString("read by one connection")
        shared.giveBack(buffer)
        buffer = ByteBuffer()
        let next = shared.take()
        #expect(address(next) == second)
        #expect(next.readableBytes == 0 && next.capacity == 2048)
    }

    @Test
    func `A buffer that somebody still holds is not written to`() {
        var buffer = shared.take()
        buffer.writeString("held")
        shared.giveBack(buffer)
        var next = shared.take()
        next.writeString("next")
        #expect(String(buffer: buffer) == "held")
    }

    @Test(arguments: [16, 1024, 4096, 65536])
    func `Small and large ones are not kept`(capacity: Int) {
        shared.giveBack(ByteBufferAllocator().buffer(capacity: capacity))
        #expect(shared.take().capacity == 2048)
    }
}
