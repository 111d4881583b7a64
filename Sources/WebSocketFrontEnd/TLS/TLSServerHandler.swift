import NIOCore
import NIOTLS
import TLSSessions

/// TLS of one connection: ciphertext in front, plain bytes behind. Between messages it holds no buffer.
///
/// In the place of swift-nio-ssl's handler, which keeps 18 KiB for each connection (docs/benchmarks.md, "TLS").
final class TLSServerHandler: ChannelDuplexHandler, DeadlineWaiter {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Asked about the certificates that a client shows, its own first, in DER; whoever is asked calls
    /// `decided(isAccepted:)` later.
    protocol Judge: AnyObject {
        var mostCertificates: Int { get }
        func judge(_ certificates: [[UInt8]])
    }

    /// The connection has ended without the peer's `close_notify`.
    struct UncleanEnd: Error {}

    private struct Write {
        var bytes: ByteBuffer
        var promise: EventLoopPromise<Void>?
    }

    private enum Phase {
        case handshake
        case open
        /// We have said goodbye and send nothing more; what comes in is read on.
        case outputClosed
        /// The channel is to be closed once the peer has said goodbye, too.
        case closing
        case closed
    }

    /// How long a peer may take to answer our goodbye.
    private static let closeTimeout = TimeAmount.seconds(5)
    /// Plain bytes read at once: those of a record.
    static let plaintextCapacity = 16 * 1024

    private let session: TLSServerSession
    private let resources: EventLoopResources
    private weak var judge: (any Judge)?
    private var context: ChannelHandlerContext?
    private var phase = Phase.handshake
    private var isAskingJudge = false
    private var hasFlush = false
    var deadlinePlace: DeadlinePlace?
    /// Has come and is not read yet: only while the judge is asked is it kept.
    private var incoming = ByteBuffer()
    /// Until they are flushed. Mostly it is one, which needs no array.
    private var firstWrite: Write?
    private var otherWrites: [Write] = []
    private var closePromise: EventLoopPromise<Void>?

    init(_ context: TLSServerContext, resources: EventLoopResources, judge: (any Judge)?) {
        session = TLSServerSession(context, transport: resources.transport)
        self.resources = resources
        self.judge = judge
    }

    /// That with which the session began, where it has been resumed too.
    var clientCertificate: [UInt8]? { session.clientCertificates(most: 1).first }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        phase = .closed
        resources.deadlines.remove(self)
        fail(with: ChannelError.ioOnClosedChannel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let phase = self.phase
        self.phase = .closed
        resources.deadlines.remove(self)
        switch phase {
        case .handshake: context.fireErrorCaught(TLSFault.endOfHandshake)
        case .open, .outputClosed, .closing: context.fireErrorCaught(UncleanEnd())
        case .closed: break
        }
        fail(with: ChannelError.ioOnClosedChannel)
        context.fireChannelInactive()
    }

    private func fail(with error: any Error) {
        for write in takeWrites() { write.promise?.fail(error) }
        closePromise?.fail(error)
        closePromise = nil
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard phase != .closed else { return }
        var bytes = unwrapInboundIn(data)
        if incoming.readableBytes == 0 {
            incoming = bytes
        } else {
            incoming.writeBuffer(&bytes)
        }
        process(context: context)
    }

    private func process(context: ChannelHandlerContext) {
        if phase == .handshake { shakeHands(context: context) }
        if phase != .handshake { decrypt(context: context) }
        guard !isAskingJudge else { return }
        var done = ByteBuffer()
        swap(&done, &incoming)
        resources.giveBack(done)
    }

    private func shakeHands(context: ChannelHandlerContext) {
        guard !isAskingJudge else { return }
        let step = session.handshake(&incoming)
        send(context: context)
        // Sending may have found the connection reset.
        guard phase == .handshake else { return }
        switch step {
        case .unfinished:
            break
        case .asksForVerdict:
            isAskingJudge = true
            if let judge {
                judge.judge(session.clientCertificates(most: judge.mostCertificates))
            } else {
                decided(isAccepted: false)
            }
        case .done:
            phase = .open
            context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: nil))
            if hasFlush { flush(context: context) }
        case .failed(let fault):
            end(with: fault, context: context)
        }
    }

    /// The judge's verdict; the handshake goes on.
    func decided(isAccepted: Bool) {
        guard isAskingJudge else { return }
        isAskingJudge = false
        session.verdict = isAccepted
        guard phase == .handshake, let context else { return }
        process(context: context)
        if phase != .closed { context.fireChannelReadComplete() }
    }

    private func decrypt(context: ChannelHandlerContext) {
        while phase != .closed {
            var plaintext = resources.takePlaintext()
            let result = session.read(into: &plaintext, &incoming)
            // The alert, where the peer does what it must not.
            send(context: context)
            if plaintext.readableBytes > 0, phase == .open || phase == .outputClosed {
                context.fireChannelRead(wrapInboundOut(plaintext))
            } else {
                // What comes after a close is nobody's.
                resources.giveBack(plaintext)
            }
            switch result {
            case .bytes(let areAll): if areAll { return }
            case .waits: return
            case .ended: return peerSaidGoodbye(context: context)
            case .failed(let fault): return end(with: fault, context: context)
            }
        }
    }

    private func peerSaidGoodbye(context: ChannelHandlerContext) {
        switch phase {
        case .open:
            session.sayGoodbye()
            send(context: context)
        case .outputClosed, .closing: break
        case .handshake, .closed: return
        }
        close(context: context)
    }

    /// Nothing more can be understood.
    private func end(with fault: TLSFault, context: ChannelHandlerContext) {
        guard phase != .closed else { return }
        phase = .closed
        context.fireErrorCaught(fault)
        close(context: context)
    }

    // MARK: Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch phase {
        case .handshake, .open:
            let write = Write(bytes: unwrapOutboundIn(data), promise: promise)
            if firstWrite == nil {
                firstWrite = write
            } else {
                otherWrites.append(write)
            }
        case .outputClosed, .closing: promise?.fail(ChannelError.outputClosed)
        case .closed: promise?.fail(ChannelError.ioOnClosedChannel)
        }
    }

    func flush(context: ChannelHandlerContext) {
        guard phase == .open else {
            hasFlush = hasFlush || phase == .handshake
            return
        }
        var promise: EventLoopPromise<Void>?
        do throws(TLSFault) {
            if let write = firstWrite {
                firstWrite = nil
                promise = write.promise
                try session.write(write.bytes)
            }
            for write in otherWrites {
                promise.setOrCascade(to: write.promise)
                try session.write(write.bytes)
            }
        } catch {
            // Half of it is sent to nobody, least of all to the peer of the next session that has its turn.
            _ = resources.transport.takeOutgoing()
            promise?.fail(error)
            fail(with: error)
            return end(with: error, context: context)
        }
        otherWrites = []
        send(promise, context: context)
    }

    private func takeWrites() -> [Write] {
        defer {
            firstWrite = nil
            otherWrites = []
        }
        return (firstWrite.map { [$0] } ?? []) + otherWrites
    }

    private func send(_ promise: EventLoopPromise<Void>? = nil, context: ChannelHandlerContext) {
        guard let bytes = resources.transport.takeOutgoing() else {
            promise?.succeed()
            return
        }
        context.writeAndFlush(wrapOutboundOut(bytes), promise: promise)
        resources.transport.giveBack(bytes)
    }

    // MARK: The end

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .all: closeAll(context: context, promise: promise)
        case .output: closeOutput(context: context, promise: promise)
        case .input: promise?.fail(ChannelError.operationUnsupported)
        }
    }

    private func closeAll(context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        switch phase {
        case .handshake, .closed:
            phase = .closed
            context.close(promise: promise)
        case .closing:
            closePromise.setOrCascade(to: promise)
        case .open, .outputClosed:
            let isSaid = phase == .outputClosed
            phase = .closing
            closePromise.setOrCascade(to: promise)
            resources.deadlines.set(.now() + Self.closeTimeout, for: self)
            guard !isSaid else { return }
            session.sayGoodbye()
            send(context: context)
        }
    }

    private func closeOutput(context: ChannelHandlerContext, promise: EventLoopPromise<Void>?) {
        switch phase {
        case .handshake:
            // There is nothing yet that could end on one side alone.
            closeAll(context: context, promise: promise)
        case .open:
            flush(context: context)
            guard phase == .open else {
                promise?.fail(ChannelError.ioOnClosedChannel)
                return
            }
            phase = .outputClosed
            session.sayGoodbye()
            send(context: context)
            context.close(mode: .output, promise: promise)
        case .outputClosed, .closed:
            context.close(mode: .output, promise: promise)
        case .closing:
            closePromise.setOrCascade(to: promise)
        }
    }

    func deadlineReached(now: NIODeadline) {
        guard phase == .closing, let context else { return }
        close(context: context)
    }

    private func close(context: ChannelHandlerContext) {
        phase = .closed
        resources.deadlines.remove(self)
        let promise = closePromise
        closePromise = nil
        context.close(promise: promise)
    }
}
