import CredentialChecking
import NIOCore

/// One command and who waits for its answer.
struct RedisQuestion: Sendable {
    let command: [UInt8]
    let answer: EventLoopPromise<RedisValue>
}

/// Writes commands and gives the answers back in order.
final class RedisChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = RedisQuestion
    typealias OutboundOut = ByteBuffer

    /// What CLUSTER SLOTS of a large cluster takes, and far more than a hash.
    private static let mostBytes = 1 << 20

    private let reader: RedisAnswerReader
    private var waiting = CircularBuffer<EventLoopPromise<RedisValue>>()
    /// Since the last whole answer.
    private var bytes = 0
    private var end: ConnectionFault?

    init(reader: RedisAnswerReader) {
        self.reader = reader
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let question = unwrapOutboundIn(data)
        if let end {
            question.answer.fail(end)
            promise?.fail(end)
            return
        }
        waiting.append(question.answer)
        context.write(wrapOutboundOut(context.channel.allocator.buffer(bytes: question.command)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        bytes += buffer.readableBytes
        do throws(RedisAnswerReader.Fault) {
            try buffer.withUnsafeReadableBytes { bytes throws(RedisAnswerReader.Fault) in try reader.feed(bytes) }
            while let answer = try reader.next() {
                bytes = 0
                guard let promise = waiting.popFirst() else {
                    return finish(.nonsense("an answer that nobody asked for", isUsable: false), context)
                }
                promise.succeed(answer)
            }
        } catch {
            return finish(.nonsense(error.reason, isUsable: false), context)
        }
        if bytes > Self.mostBytes {
            finish(.nonsense("an answer of more than \(Self.mostBytes) bytes", isUsable: false), context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish(.lost("it has hung up"), context)
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finish(.lost("\(error)"), context)
    }

    private func finish(_ fault: ConnectionFault, _ context: ChannelHandlerContext) {
        guard end == nil else { return }
        end = fault
        while let promise = waiting.popFirst() { promise.fail(fault) }
        context.close(promise: nil)
    }
}
