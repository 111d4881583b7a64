import NIOCore

/// Stands on a listening socket and withholds `read` while the listener's rate is used up, so that the excess waits
/// in the kernel's backlog; likewise while the process is nearly out of descriptors.
///
/// The socket accepts one connection per read. An acceptor whose read is already out when the others use up the rate
/// takes one connection more; that is paid back by a longer wait.
final class AcceptThrottleHandler: ChannelDuplexHandler, NIOScheduledCallbackHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    /// Nil: any rate.
    private let limiter: AcceptRateLimiter?
    private let reserve: DescriptorReserve
    private var isWithholding = false
    private var context: ChannelHandlerContext?

    init(limiter: AcceptRateLimiter?, reserve: DescriptorReserve) {
        self.limiter = limiter
        self.reserve = reserve
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.limiter?.accepted(now: .now())
        context.fireChannelRead(data)
    }

    func read(context: ChannelHandlerContext) {
        guard !self.isWithholding else { return }
        let now = NIODeadline.now()
        let next = max(self.limiter?.nextAccept(now: now) ?? now, self.reserve.nextAccept(now: now))
        guard next > now else {
            context.read()
            return
        }
        do {
            try context.eventLoop.assumeIsolated().scheduleCallback(at: next, handler: self)
            self.isWithholding = true
        } catch {
            // The loop is shutting down; there is nothing to wait for.
            context.read()
        }
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        self.isWithholding = false
        guard let context = self.context, context.channel.isActive else { return }
        self.read(context: context)
    }
}
