import HTTPTypes
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOHTTPTypes

/// Keeps one connection within ``ConnectionBounds``; every rule is there.
final class ConnectionBoundsHandler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private var bounds: ConnectionBounds
    private let largestBody: Int
    private let places: ConnectionPlaces
    private var timer: Scheduled<Void>?
    private var timerIsFor: NIODeadline?
    private var isStreaming = false

    init(limits: ManagementConfiguration.Limits, places: ConnectionPlaces, isSurplus: Bool) {
        bounds = ConnectionBounds(requestTime: limits.requestTime, isSurplus: isSurplus, now: .now())
        largestBody = limits.importBody
        self.places = places
    }

    func handlerAdded(context: ChannelHandlerContext) { arm(context) }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        inputEnded(context)
        bounds.becameInactive()
        arm(context)
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let action: ConnectionBounds.Action
        switch unwrapInboundIn(data) {
        case .head(let head):
            action = bounds.receivedHead(self.head(head), now: .now())
            letContinue(context)
        case .body(let bytes): action = bounds.receivedBody(bytes.readableBytes, now: .now())
        case .end: action = bounds.receivedEnd(now: .now())
        }
        switch action {
        case .forward: context.fireChannelRead(data)
        case .none, .discard: break
        case .answer(let error): answer(error, context)
        case .close: context.close(promise: nil)
        }
        arm(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody behind asks for more any more.
        if bounds.state == .lingering { read(context: context) }
    }

    func read(context: ChannelHandlerContext) {
        if bounds.readsOn { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        bounds.becameWritable(context.channel.isWritable, now: .now())
        arm(context)
        context.fireChannelWritabilityChanged()
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let action: ConnectionBounds.Action
        var data = data
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind == .informational: action = .forward
        case .head(var head):
            isStreaming = head.headerFields[.contentType] == "text/event-stream"
            action = bounds.writesHead(
                closes: head.headerFields[.connection] == "close", isTooLarge: head.status == .contentTooLarge)
            if bounds.answerCloses {
                head.headerFields[.connection] = "close"
                data = wrapOutboundOut(.head(head))
            }
        case .body: action = bounds.writesBody()
        case .end:
            isStreaming = false
            action = bounds.writesEnd(now: .now())
            places.ended(on: context.channel)
        }
        switch action {
        case .forward, .close: context.write(data, promise: promise)
        case .none, .discard, .answer: promise?.fail(ChannelError.ioOnClosedChannel)
        }
        letContinue(context)
        if action == .close { read(context: context) }
        arm(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        let answer =
            switch error {
            case .headerOverflow: APIError(431, "BAD_REQUEST", "the headers are too large")
            case .invalidEOFState: APIError.badRequest("the request ended in the middle")
            default: APIError(400, "BAD_REQUEST", "this is not HTTP/1.1")
            }
        perform(bounds.cannotRead(answer, now: .now()), context)
        arm(context)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A stream has no end of its own that an orderly stop could wait for.
        if event is ChannelShouldQuiesceEvent, isStreaming { return context.close(promise: nil) }
        if case .some(.inputClosed) = event as? ChannelEvent { inputEnded(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Those behind take the end of what comes for the end of a request, unless they are told of a fault.
    private func inputEnded(_ context: ChannelHandlerContext) {
        if bounds.inputEnded() { context.fireErrorCaught(RequestCutOff()) }
    }

    private func head(_ request: HTTPRequest) -> ConnectionBounds.Head {
        let fields = request.headerFields
        let length =
            fields[.transferEncoding] == nil ? fields[.contentLength].map { Int($0) ?? .max } ?? 0 : nil
        let path = (request.path ?? "").prefix { $0 != "?" }
        return ConnectionBounds.Head(
            bodyLength: length,
            // What is not too large for any path may come.
            wantsContinue: fields[.expect]?.lowercased() == "100-continue" && (length ?? 0) <= largestBody,
            asksForHealth: path == "/healthz" || path == "/readyz")
    }

    private func letContinue(_ context: ChannelHandlerContext) {
        guard bounds.takesContinue() else { return }
        context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
    }

    private func perform(_ action: ConnectionBounds.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .none, .forward, .discard: break
        case .answer(let error): answer(error, context)
        case .close: context.close(promise: nil)
        }
    }

    private func answer(_ error: APIError, _ context: ChannelHandlerContext) {
        var error = error
        error.closesConnection = true
        let answer = Answer(error)
        var head = HTTPResponse(status: .init(code: error.status))
        head.headerFields = answer.headers
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if case .bytes(let bytes) = answer.body { context.write(wrapOutboundOut(.body(bytes)), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        read(context: context)
    }

    /// One timer, for the deadline that counts now.
    private func arm(_ context: ChannelHandlerContext) {
        guard bounds.deadline != timerIsFor else { return }
        timer?.cancel()
        timer = nil
        timerIsFor = bounds.deadline
        guard let deadline = bounds.deadline else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
            self.timerIsFor = nil
            self.perform(self.bounds.deadlinePassed(now: .now()), context)
            self.arm(context)
        }
    }
}

/// The client has gone, or sends no more, in the middle of a request.
struct RequestCutOff: Error {}
