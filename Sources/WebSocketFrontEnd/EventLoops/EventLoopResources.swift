import NIOCore
import TLSSessions

/// What the connections of one event loop share, whichever listener they came through; used on that loop only.
final class EventLoopResources {
    let compression = MessageCompression()
    let deadlines: LoopDeadlines
    /// Of the TLS sessions.
    private(set) lazy var transport = TLSTransport()
    /// Plain bytes of a TLS session.
    private let plaintext: SharedReceiveBuffer

    /// One for each size that a listener asks for: mostly one.
    private var receiveBuffers: [SharedReceiveBuffer] = []
    /// The short frame that was written last, and who wrote it.
    private var frame = ByteBuffer()
    private var writer: ObjectIdentifier?

    init(eventLoop: any EventLoop) {
        deadlines = LoopDeadlines(eventLoop: eventLoop)
        plaintext = SharedReceiveBuffer(capacity: TLSServerHandler.plaintextCapacity, eventLoop: eventLoop)
    }

    /// The receive buffer of connections that read so many bytes at once.
    func receiveBuffer(capacity: Int, eventLoop: any EventLoop) -> SharedReceiveBuffer {
        let new = SharedReceiveBuffer(capacity: capacity, eventLoop: eventLoop)
        if let known = receiveBuffers.first(where: { $0.capacity == new.capacity }) { return known }
        receiveBuffers.append(new)
        return new
    }

    /// An empty buffer for what a TLS session reads.
    func takePlaintext() -> ByteBuffer { plaintext.take() }

    /// Whoever gives a buffer back has taken out what it needs.
    func giveBack(_ buffer: ByteBuffer) {
        if plaintext.giveBack(buffer) { return }
        for receiveBuffer in receiveBuffers where receiveBuffer.giveBack(buffer) { return }
    }

    /// Frames with payloads up to this are put into one buffer, in bytes: copying costs less than a second write.
    private static let longestCopied = 8 * 1024

    /// What is to be written for a frame, in order.
    ///
    /// The one buffer of a short frame is that of the short frame before, unless a channel still has it: whoever
    /// writes to peers that take everything allocates nothing.
    func pieces(of frame: OutgoingFrame, from writer: AnyObject) -> (ByteBuffer, ByteBuffer?) {
        guard frame.payload.readableBytes <= Self.longestCopied else {
            self.writer = nil
            var header = ByteBuffer()
            frame.writeHeader(to: &header)
            return (header, frame.payload)
        }
        self.writer = ObjectIdentifier(writer)
        self.frame.clear(minimumCapacity: frame.length)
        frame.writeHeader(to: &self.frame)
        self.frame.writeImmutableBuffer(frame.payload)
        return (self.frame, nil)
    }

    /// The last frame of all was this writer's, and the channel has let go of it: it was taken by the kernel, or by the
    /// handler in front. False says nothing.
    func isTaken(from writer: AnyObject) -> Bool {
        self.writer == ObjectIdentifier(writer) && frame.modifyIfUniquelyOwned { _ in } != nil
    }
}
