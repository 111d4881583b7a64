import NIOCore

/// One connection after the upgrade: frames in, messages to the delegate, frames out.
final class WebSocketFrameHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        case open
        /// A close frame was sent; what still comes in is dropped until the peer's close frame.
        case closing
        case closed
    }

    // There is one of these for each connection: the small ones stand where what is aligned leaves room.
    let limits: ConnectionLimits
    let resources: EventLoopResources
    private(set) var context: ChannelHandlerContext?
    var delegate: (any ConnectionDelegate)?
    var held: HeldMessages?
    /// When the delegate's timer is due; in `closing`, when the connection is closed without the peer's answer.
    var timerDeadline = NIODeadline.distantFuture
    var stall: SendStall?
    private var reader: MessageReader
    private(set) var phase = Phase.open
    var isPaused = false
    var isAutoReading = true
    private var isInRead = false
    private var unfinished = UnfinishedBytes()
    var deadlinePlace: DeadlinePlace?
    private var writer: FrameWriter
    private var messagesInRound: UInt32 = 0
    /// Nil: the peer's compressor begins anew with each message.
    private let window: InflateWindow?
    /// Nil: nobody has been told of the connection, or it has ended.
    private var place: ListenerPlace?

    init(limits: ConnectionLimits, resources: EventLoopResources, compression: CompressionAgreement? = nil) {
        self.limits = limits
        self.resources = resources
        writer = FrameWriter(compression: compression)
        window = compression?.clientWindowBits.map { InflateWindow(bits: $0) }
        reader = MessageReader(longest: limits.maxFrameSize, mayBeCompressed: compression != nil)
    }

    // MARK: Beginning and end

    /// The handshake's place is the connection's from here on; `delegate` is to be set next.
    func open(_ place: consuming ListenerPlace) {
        place.becomeConnection()
        self.place = consume place
    }

    /// Closes a connection that no delegate is told of.
    func turnAway(code: UInt16, reason: String) {
        guard let context else { return }
        startClosing(
            CloseFrame(code: code, reason: reason),
            end: ConnectionEnd(reason: .closedHere, closeCode: code, detail: reason), context: context)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        schedule()
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(ConnectionEnd(reason: .connectionLost, detail: "closed without a close frame"), context: context)
        phase = .closed
        countUnfinished(context: context)
        stall = nil
        timerDeadline = .distantFuture
        schedule()
        place = nil
        context.fireChannelInactive()
    }

    /// Tells the delegate once, on the next turn of the loop: whoever ends the connection may be the delegate itself,
    /// in the middle of a call.
    func end(_ end: ConnectionEnd, discardingHeld: Bool = false, context: ChannelHandlerContext) {
        guard phase == .open else { return }
        phase = .closing
        reader.discardAll()
        // Nobody looks any more at what the peer takes.
        stall = nil
        timerDeadline = .distantFuture
        schedule()
        context.eventLoop.assumeIsolated().execute {
            guard let delegate = self.delegate else { return }
            self.delegate = nil
            let held = self.held
            self.held = nil
            if let held, !discardingHeld {
                while let message = held.popFirst() {
                    guard let text = self.text(of: message, context: context) else { break }
                    delegate.connectionReceived(text: text)
                }
            }
            delegate.connectionEnded(end)
        }
    }

    private func startClosing(
        _ frame: CloseFrame,
        end: ConnectionEnd,
        discardingHeld: Bool = false,
        context: ChannelHandlerContext
    ) {
        guard phase == .open else { return }
        self.end(end, discardingHeld: discardingHeld, context: context)
        timerDeadline = .now() + limits.closeTimeout
        schedule()
        write(.close, frame.payload, context: context)
        flush(context: context)
        updateReading()
    }

    private func fail(_ violation: FrameViolation, context: ChannelHandlerContext) {
        startClosing(
            CloseFrame(code: violation.code, reason: violation.reason),
            end: ConnectionEnd(reason: .protocolError, closeCode: violation.code, detail: violation.reason),
            context: context
        )
    }

    // MARK: Frames in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isInRead = true
        var bytes = unwrapInboundIn(data)
        while phase != .closed, let event = reader.next(from: &bytes) {
            switch phase {
            case .open:
                receive(event, context: context)
            case .closing:
                if case .close = event { context.close(promise: nil) }
            case .closed:
                break
            }
        }
        resources.giveBack(bytes)
        countUnfinished(context: context)
    }

    private func countUnfinished(context: ChannelHandlerContext) {
        guard !unfinished.update(to: reader.unfinishedBytes, in: limits.memory) else { return }
        let reason = "no memory for so long a message now"
        startClosing(
            CloseFrame(code: 1013, reason: reason),
            end: ConnectionEnd(reason: .noMemory, closeCode: 1013, detail: reason), context: context)
        // Closing has let go of it.
        _ = unfinished.update(to: reader.unfinishedBytes, in: limits.memory)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isInRead = false
        messagesInRound = 0
        if writer.hasUnflushed { flush(context: context) }
    }

    private func receive(_ event: MessageReader.Event, context: ChannelHandlerContext) {
        if case .violation(let violation, let findsClose) = event {
            fail(violation, context: context)
            if reader.lastOpcode == .close {
                // A peer that has said its last word, however badly, says no other.
                closeOnceWritten(context: context)
            } else if !findsClose {
                // The peer's close frame will not be found; the end of our side makes it close.
                context.close(mode: .output, promise: nil)
            }
            return
        }
        switch event {
        case .message(let message): return take(.plain(message), context: context)
        case .compressed(let message): return take(.compressed(message), context: context)
        default: delegate?.connectionShowedLife(isPong: event.isPong)
        }
        // The delegate may have closed.
        guard phase == .open else { return }
        switch event {
        case .fragment, .pong, .violation, .message, .compressed: break
        case .ping(let payload): pong(payload, context: context)
        case .close(let payload): answerClose(payload, context: context)
        }
    }

    private func take(_ message: ReceivedMessage, context: ChannelHandlerContext) {
        messagesInRound += 1
        if messagesInRound > limits.framesPerRound, self.held == nil {
            // The others of this event loop have their turn first.
            self.held = HeldMessages(memory: limits.memory)
            context.eventLoop.assumeIsolated().execute { self.deliverHeld() }
        }
        if isPaused || self.held != nil {
            delegate?.connectionShowedLife(isPong: false)
            let held = self.held ?? HeldMessages(memory: limits.memory)
            self.held = held
            held.append(message)
            updateReading()
        } else if let text = self.text(of: message, context: context) {
            delegate?.connectionReceived(text: text)
        }
    }

    /// Nil: the connection had to be closed over it.
    func text(of message: ReceivedMessage, context: ChannelHandlerContext) -> ByteBuffer? {
        switch message {
        case .plain(let text): return text
        case .compressed(let compressed):
            let longest = limits.maxFrameSize
            switch resources.compression.inflate(compressed, longest: longest, window: window) {
            case .message(let text): return text
            case .tooLong: fail(.tooLong, context: context)
            case .invalid: fail(.badCompression, context: context)
            }
            return nil
        }
    }

    private func pong(_ payload: ByteBuffer, context: ChannelHandlerContext) {
        guard let stall, pendingBytes(context: context) > 0 else {
            self.stall = nil
            write(.pong, payload, context: context)
            return
        }
        guard stall.mayWritePong(for: payload) else { return }
        let taken = context.eventLoop.makePromise(of: Void.self)
        taken.futureResult.assumeIsolated().whenSuccess {
            guard let ping = stall.pongTaken(), self.phase == .open, let context = self.context else { return }
            self.pong(ping, context: context)
            if !self.isInRead { self.flush(context: context) }
        }
        write(.pong, payload, promise: taken, context: context)
    }

    private func answerClose(_ payload: ByteBuffer, context: ChannelHandlerContext) {
        guard let close = CloseFrame(payload: payload) else {
            fail(.badClose, context: context)
            closeOnceWritten(context: context)
            return
        }
        let end = ConnectionEnd(reason: .closedByPeer, closeCode: close.code, detail: close.reason)
        startClosing(CloseFrame(code: close.code), end: end, context: context)
        // RFC 6455, 7.1.1: the server closes first. Closing at once would drop what is not written yet.
        closeOnceWritten(context: context)
    }

    private func closeOnceWritten(context: ChannelHandlerContext) {
        guard phase == .closing else { return }
        if pendingBytes(context: context) == 0 {
            context.close(promise: nil)
        } else {
            context.close(mode: .output, promise: nil)
        }
    }

    /// The socket's error, or that of TLS: nothing more comes behind it.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let end = ConnectionEnd(reason: .connectionLost, detail: ConnectionFailure.reason(error))
        self.end(end, context: context)
        context.close(promise: nil)
    }

    // MARK: Frames out

    func send(text: ByteBuffer) {
        guard phase == .open, let context else { return }
        writeAndFlush(.text, text, context: context)
    }

    func sendPing() {
        guard phase == .open, let context else { return }
        writeAndFlush(.ping, ByteBuffer(), context: context)
    }

    func close(code: UInt16, reason: String) {
        guard phase == .open, let context else { return }
        startClosing(
            CloseFrame(code: code, reason: reason),
            end: ConnectionEnd(reason: .closedHere, closeCode: code, detail: reason),
            discardingHeld: true,
            context: context
        )
    }

    private func writeAndFlush(_ opcode: FrameOpcode, _ payload: ByteBuffer, context: ChannelHandlerContext) {
        write(opcode, payload, context: context)
        if !isInRead { flush(context: context) }
    }

    /// - Parameter promise: kept once the kernel has all of the frame.
    func write(
        _ opcode: FrameOpcode, _ payload: ByteBuffer, promise: EventLoopPromise<Void>? = nil,
        context: ChannelHandlerContext
    ) {
        let frame = writer.frame(opcode, payload, resources)
        stall?.wrote(frame.length)
        writer.wrote()
        let (first, second) = resources.pieces(of: frame, from: self)
        context.write(wrapOutboundOut(first), promise: second == nil ? promise : nil)
        if let second { context.write(wrapOutboundOut(second), promise: promise) }
        if writer.mustFlush { flush(context: context) }
    }

    func flush(context: ChannelHandlerContext) {
        writer.flushed()
        context.flush()
        watchForStall(context: context)
    }
}
