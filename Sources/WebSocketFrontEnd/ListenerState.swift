import MemoryBudget
import NIOCore
import Synchronization

/// What the acceptors, handshakes and connections of one listener share.
final class ListenerState: Sendable {
    let configuration: ListenerConfiguration
    let rules: HandshakeRules
    let admission: any ConnectionAdmission
    /// What all queues of the process may hold.
    let memory: MemoryBudget
    /// Nil: connections are accepted at any rate.
    let limiter: AcceptRateLimiter?
    /// Nil: `ws`.
    let tls: ListenerTLS?
    /// Handshakes are put to the admission's `authenticate`.
    let authenticates: Bool
    private let isStopping = Atomic<Bool>(false)
    /// Upgraded connections and handshakes that have passed the check against `maxConnections`.
    private let places = Atomic<Int>(0)
    private let upgraded = Atomic<Int>(0)
    private let receiveBuffers = Mutex<[ObjectIdentifier: SharedReceiveBuffer]>([:])
    private let shares = Mutex<[ObjectIdentifier: NIOLoopBound<LoopShare>]>([:])
    private let denials = Mutex(DenialThrottle())

    init(
        configuration: ListenerConfiguration, admission: any ConnectionAdmission,
        memory: MemoryBudget = MemoryBudget(limit: .max)
    ) {
        self.configuration = configuration
        self.memory = memory
        limiter =
            configuration.maxConnectionRate > 0 ? AcceptRateLimiter(rate: configuration.maxConnectionRate) : nil
        rules = HandshakeRules(configuration)
        self.admission = admission
        tls = configuration.tls.map(ListenerTLS.init)
        authenticates = admission.authenticates(on: configuration.name)
    }

    var connectionCount: Int { upgraded.load(ordering: .relaxed) }

    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    /// Takes one of the `maxConnections` places, to be given back by `leave`; else says why there is none.
    func enter() -> String? {
        if isStopping.load(ordering: .relaxed) {
            return "the gateway is stopping"
        }
        let before = places.wrappingAdd(1, ordering: .relaxed).oldValue
        guard before < configuration.maxConnections else {
            leave()
            return "the listener has its maximum of \(configuration.maxConnections) connections"
        }
        if let reason = admission.refusal(for: configuration.name) {
            leave()
            return reason
        }
        return nil
    }

    func leave() {
        places.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Whether `access_rules` let a peer in that was just accepted. Behind a PROXY header the charge point's address is
    /// not known yet.
    func admits(_ address: SocketAddress?, eventLoop: any EventLoop) -> Bool {
        guard !configuration.expectsProxyHeader, !configuration.accessRules.permits(address) else {
            return true
        }
        refusedUnseen(Self.denial(configuration, address), eventLoop: eventLoop)
        return false
    }

    static func denial(_ configuration: ListenerConfiguration, _ address: SocketAddress?) -> HandshakeRefusal {
        HandshakeRefusal(
            listener: configuration.name, remoteAddress: address?.hostAndPort ?? "unknown", identity: nil, status: nil,
            reason: "denied by access_rules")
    }

    /// Whose share of the rate a connection takes; nil: nobody's, since many come from a proxy's address.
    func sharing(_ address: SocketAddress?) -> IPAddress? {
        guard !configuration.expectsProxyHeader, let address = address.flatMap(IPAddress.init),
            !configuration.forwardedAddress.trustedProxies.contains(where: { $0.contains(address) })
        else { return nil }
        return address
    }

    func refusedUnseen(_ address: SocketAddress?, _ reason: String, _ context: ChannelHandlerContext) {
        var refusal = Self.denial(configuration, address)
        refusal.reason = reason
        refusedUnseen(refusal, eventLoop: context.eventLoop)
    }

    /// Tells of a connection that was closed before its first byte of TLS or HTTP; in a flood, in sums.
    func refusedUnseen(_ refusal: HandshakeRefusal, eventLoop: any EventLoop) {
        switch denials.withLock({ $0.denied(now: .now()) }) {
        case .now:
            admission.handshakeRefused(refusal)
        case .later(startsTimer: true):
            eventLoop.scheduleTask(in: .seconds(1)) {
                var sum = refusal
                sum.count = self.denials.withLock { $0.takeWithheld() }
                guard sum.count > 0 else { return }
                sum.reason += " (and others: \(sum.count) connections in the last second)"
                self.admission.handshakeRefused(sum)
            }
        case .later(startsTimer: false):
            break
        }
    }

    /// What the connections of one event loop share; called on it.
    func share(of eventLoop: any EventLoop) -> LoopShare {
        self.shares.withLock { shares in
            if let known = shares[ObjectIdentifier(eventLoop)] { return known }
            let new = NIOLoopBound(
                LoopShare(eventLoop: eventLoop, receiveBuffer: receiveBuffer(of: eventLoop)),
                eventLoop: eventLoop)
            shares[ObjectIdentifier(eventLoop)] = new
            return new
        }.value
    }

    /// The one of an event loop; may be asked for anywhere.
    func receiveBuffer(of eventLoop: any EventLoop) -> SharedReceiveBuffer {
        receiveBuffers.withLock { buffers in
            if let known = buffers[ObjectIdentifier(eventLoop)] { return known }
            let new = SharedReceiveBuffer(capacity: configuration.receiveBuffer, eventLoop: eventLoop)
            buffers[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }

    func connectionOpened() {
        upgraded.wrappingAdd(1, ordering: .relaxed)
    }

    func connectionClosed() {
        upgraded.wrappingSubtract(1, ordering: .relaxed)
        leave()
    }
}
