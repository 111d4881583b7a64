internal import CNIOBoringSSL
import NIOCore

/// Between the TLS sessions of one event loop and their sockets' bytes: what a session reads and writes while it has
/// its turn. A session that rests holds no buffer; used on its loop only.
package final class TLSTransport {
    /// Bytes that have come from the peer whose session has its turn.
    var incoming = ByteBuffer()
    /// Bytes for that peer.
    var outgoing = ByteBuffer()
    /// The library's end of it, which knows this object by its address; each session keeps both.
    let bio: OpaquePointer

    package init() {
        guard let bio = BIO_new(Self.method) else { preconditionFailure("no memory for a BIO") }
        self.bio = bio
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
    }

    deinit {
        BIO_set_data(bio, nil)
        BIO_free(bio)
    }

    /// Of what was written last, so much room is kept for what is written next, in bytes: two records.
    private static let mostKept = 36 * 1024

    /// What the sessions have written since the last call, which is to be sent; nil: nothing.
    package func takeOutgoing() -> ByteBuffer? {
        guard outgoing.readableBytes > 0 else { return nil }
        defer { outgoing = ByteBuffer() }
        return outgoing
    }

    /// After it has been written: its room is used again, unless the channel still has it.
    package func giveBack(_ written: consuming ByteBuffer) {
        guard outgoing.capacity == 0, written.capacity <= Self.mostKept,
            written.modifyIfUniquelyOwned({ $0.clear() }) != nil
        else { return }
        outgoing = written
    }

    /// Makes room for what so many plain bytes become: a record more for each 16 KiB.
    func prepare(for plainBytes: Int) {
        outgoing.reserveCapacity(minimumWritableBytes: plainBytes + (plainBytes / (16 * 1024) + 1) * 64)
    }

    // MARK: What the library calls

    nonisolated(unsafe) private static let method: OpaquePointer = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "buffers of an event loop") else {
            preconditionFailure("no memory for a BIO's method")
        }
        BIO_meth_set_read(method) { bio, bytes, count in TLSTransport.of(bio)?.read(into: bytes, count) ?? -1 }
        BIO_meth_set_write(method) { bio, bytes, count in TLSTransport.of(bio)?.write(bytes, count) ?? -1 }
        BIO_meth_set_ctrl(method) { _, command, _, _ in command == BIO_CTRL_FLUSH ? 1 : 0 }
        return method
    }()

    private static func of(_ bio: OpaquePointer?) -> TLSTransport? {
        BIO_clear_retry_flags(bio)
        return BIO_get_data(bio).map { Unmanaged<TLSTransport>.fromOpaque($0).takeUnretainedValue() }
    }

    private func read(into bytes: UnsafeMutablePointer<CChar>?, _ count: CInt) -> CInt {
        let taken = min(Int(count), incoming.readableBytes)
        guard let bytes, taken > 0 else {
            BIO_set_retry_read(bio)
            return -1
        }
        incoming.readWithUnsafeReadableBytes { readable in
            if let start = readable.baseAddress {
                UnsafeMutableRawPointer(bytes).copyMemory(from: start, byteCount: taken)
            }
            return taken
        }
        return CInt(taken)
    }

    private func write(_ bytes: UnsafePointer<CChar>?, _ count: CInt) -> CInt {
        guard let bytes, count > 0 else { return 0 }
        outgoing.writeBytes(UnsafeRawBufferPointer(start: bytes, count: Int(count)))
        return count
    }
}
