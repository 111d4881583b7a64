import DequeModule
import NIOCore

/// Stands on a listening socket and withholds `read` while the listener's rate is used up, so that the excess waits
/// in the kernel's backlog; likewise while the process is nearly out of descriptors.
///
/// Who is denied by its address costs a close, and nothing of the rate. An address that has had its share waits here,
/// accepted, but with nothing set up for it: in the backlog those behind it would wait with it.
///
/// The socket accepts one connection per read. An acceptor whose read is already out when the others use up the rate
/// takes one connection more; that is paid back by a longer wait.
final class AcceptThrottleHandler: ChannelDuplexHandler, NIOScheduledCallbackHandler {
    typealias InboundIn = any Channel
    typealias InboundOut = any Channel
    typealias OutboundIn = Never

    /// Connections that may wait here; each has a descriptor.
    private static let mostHeld = 1024

    private struct Held {
        var channel: any Channel
        var deadline: NIODeadline
    }

    private let listener: ListenerState
    private let reserve: DescriptorReserve
    private var isWithholding = false
    private var isReleasing = false
    private var held = Deque<Held>()
    private var context: ChannelHandlerContext?

    init(listener: ListenerState, reserve: DescriptorReserve) {
        self.listener = listener
        self.reserve = reserve
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        for waiting in held { waiting.channel.close(promise: nil) }
        held.removeAll()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let channel = unwrapInboundIn(data)
        let address = channel.remoteAddress
        guard listener.admits(address, eventLoop: context.eventLoop) else {
            channel.close(promise: nil)
            return
        }
        let now = NIODeadline.now()
        guard let limiter = listener.limiter, !limiter.admits(listener.sharing(address), now: now) else {
            context.fireChannelRead(data)
            return
        }
        guard held.count < Self.mostHeld else {
            refuse(channel, context: context)
            return
        }
        held.append(Held(channel: channel, deadline: now + listener.configuration.handshakeTimeout))
        release(now: now, context: context)
    }

    func read(context: ChannelHandlerContext) {
        guard !isWithholding else { return }
        let now = NIODeadline.now()
        let next = max(listener.limiter?.nextAccept(now: now) ?? now, reserve.nextAccept(now: now))
        guard next > now else {
            context.read()
            return
        }
        do {
            try context.eventLoop.assumeIsolated().scheduleCallback(at: next, handler: self)
            isWithholding = true
        } catch {
            // The loop is shutting down; there is nothing to wait for.
            context.read()
        }
    }

    func handleScheduledCallback(eventLoop: some EventLoop) {
        isWithholding = false
        guard let context, context.channel.isActive else { return }
        read(context: context)
    }

    private func refuse(_ channel: any Channel, context: ChannelHandlerContext) {
        listener.refusedUnseen(
            PeerAddress(channel.remoteAddress), "its address takes more than its share of max_conn_rate",
            eventLoop: context.eventLoop)
        channel.close(promise: nil)
    }

    /// Lets those go on that have waited, as the rate allows.
    private func release(now: NIODeadline, context: ChannelHandlerContext) {
        guard !isReleasing, let limiter = listener.limiter else { return }
        while let first = held.first {
            if first.deadline <= now {
                held.removeFirst()
                refuse(first.channel, context: context)
                continue
            }
            let next = limiter.nextRelease(now: now)
            guard next <= now else {
                isReleasing = true
                context.eventLoop.assumeIsolated().scheduleTask(deadline: next) {
                    self.isReleasing = false
                    guard let context = self.context, context.channel.isActive else { return }
                    self.release(now: .now(), context: context)
                }
                return
            }
            held.removeFirst()
            limiter.released(now: now)
            context.fireChannelRead(wrapInboundOut(first.channel))
        }
    }
}
