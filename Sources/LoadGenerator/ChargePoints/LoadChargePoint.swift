import NIOCore

/// One charge point of the load: the handshake, frames out that were made beforehand, answers in that are only looked
/// at for their UniqueId. No JSON parser, no HTTP parser, no allocation for each message.
final class LoadChargePoint: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case upgrading
        case open
        case closed
    }

    private let loop: LoadLoop
    private let request: ByteBuffer
    private var frame: CallFrame?
    private var phase = Phase.upgrading
    private var context: ChannelHandlerContext?
    /// What is not a whole frame yet.
    private var pending: ByteBuffer?
    private let begun = NIODeadline.now()
    /// Why it was not let in.
    private var refusal: String?

    /// One bit for each slot without an open CALL.
    private var freeSlots: UInt64
    private var openCalls: [(sequence: UInt64, start: NIODeadline)]
    private var sequence: UInt64 = 0

    /// It has something to flush, and the loop knows.
    var needsFlush = false

    init(loop: LoadLoop, request: ByteBuffer, openCalls: Int) {
        self.loop = loop
        self.request = request
        let slots = min(max(1, openCalls), LoadUniqueID.slots)
        freeSlots = slots == 64 ? .max : (1 << UInt64(slots)) - 1
        self.openCalls = Array(repeating: (.max, .uptimeNanoseconds(0)), count: slots)
    }

    var isOpen: Bool {
        if case .open = phase { true } else { false }
    }

    var hasFreeSlot: Bool { freeSlots != 0 && isOpen }

    var openCallCount: Int { openCalls.count - freeSlots.nonzeroBitCount }

    // MARK: Out

    /// Writes a CALL; the loop flushes.
    func send(start: NIODeadline) {
        guard let context, hasFreeSlot else { return }
        let slot = freeSlots.trailingZeroBitCount
        freeSlots &= freeSlots - 1
        sequence += 1
        openCalls[slot] = (sequence, start)
        if frame == nil { frame = loop.newFrame() }
        guard let bytes = frame?.bytes(slot: slot, sequence: sequence) else { return }
        context.write(wrapOutboundOut(bytes), promise: nil)
        loop.flushLater(self)
    }

    func flush() {
        needsFlush = false
        context?.flush()
    }

    func close() {
        guard let context else { return }
        phase = .closed
        // 1000, normal closure.
        context.writeAndFlush(wrapOutboundOut(CallFrame.masked(opcode: 0x8, [0x03, 0xE8])), promise: nil)
        context.close(promise: nil)
    }

    // MARK: In

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        if var earlier = pending {
            pending = nil
            earlier.writeBuffer(&buffer)
            buffer = earlier
        }
        if case .upgrading = phase {
            guard readUpgrade(&buffer, context) else { return }
        }
        do {
            while case .open = phase, let frame = try ServerFrameReader.next(in: &buffer) {
                read(frame, context)
            }
        } catch {
            loop.counters.protocolErrors += 1
            context.close(promise: nil)
            return
        }
        if buffer.readableBytes > 0 { pending = buffer }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        loop.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        switch phase {
        case .upgrading: loop.refused(refusal ?? "closed without an answer to the handshake")
        case .open: loop.lost(self)
        case .closed: break
        }
        phase = .closed
        self.context = nil
        loop.ended()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if refusal == nil { refusal = "\(error)" }
        context.close(promise: nil)
    }

    /// False: not all there yet, or refused.
    private func readUpgrade(_ buffer: inout ByteBuffer, _ context: ChannelHandlerContext) -> Bool {
        let view = buffer.readableBytesView
        guard let end = view.firstEnd(of: [0x0D, 0x0A, 0x0D, 0x0A]) else {
            if view.count > 8192 {
                context.close(promise: nil)
            } else {
                pending = buffer
            }
            return false
        }
        guard view.starts(with: "HTTP/1.1 101".utf8) else {
            refusal = String(decoding: view.prefix { $0 != 0x0D }, as: UTF8.self)
            context.close(promise: nil)
            return false
        }
        buffer.moveReaderIndex(to: end)
        phase = .open
        loop.opened(self, after: .now() - begun)
        return true
    }

    private func read(_ frame: ServerFrameReader.Frame, _ context: ChannelHandlerContext) {
        switch frame {
        case .message(let message): readMessage(message)
        case .ping(let payload):
            loop.counters.pings += 1
            context.writeAndFlush(
                wrapOutboundOut(CallFrame.masked(opcode: 0xA, payload.readableBytesView)), promise: nil)
        case .close: context.close(promise: nil)
        case .other: break
        }
    }

    private func readMessage(_ message: ByteBuffer) {
        let answer = message.withUnsafeReadableBytes { bytes -> (isError: Bool, slot: Int, sequence: UInt64)? in
            // `[3,"…"`: the type is the first digit, the UniqueId stands in the first quotes.
            guard let quote = bytes.prefix(32).firstIndex(of: UInt8(ascii: "\"")),
                quote + 1 + LoadUniqueID.length < bytes.count,
                bytes[quote + 1 + LoadUniqueID.length] == UInt8(ascii: "\"")
            else { return nil }
            let isError = bytes[..<quote].contains(UInt8(ascii: "4"))
            let text = UnsafeRawBufferPointer(rebasing: bytes[(quote + 1)...].prefix(LoadUniqueID.length))
            guard let (slot, sequence) = LoadUniqueID.read(text) else { return nil }
            return (isError, slot, sequence)
        }
        guard let answer, answer.slot < openCalls.count, openCalls[answer.slot].sequence == answer.sequence else {
            loop.counters.unmatched += 1
            return
        }
        let start = openCalls[answer.slot].start
        openCalls[answer.slot].sequence = .max
        freeSlots |= 1 << UInt64(answer.slot)
        loop.answered(self, start: start, isError: answer.isError)
    }
}

extension ByteBufferView {
    /// The index after the first occurrence of these bytes.
    func firstEnd(of pattern: [UInt8]) -> Int? {
        guard count >= pattern.count else { return nil }
        for index in startIndex...(endIndex - pattern.count) where self[index...].starts(with: pattern) {
            return index + pattern.count
        }
        return nil
    }
}
