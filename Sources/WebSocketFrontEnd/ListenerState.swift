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
        self.limiter =
            configuration.maxConnectionRate > 0 ? AcceptRateLimiter(rate: configuration.maxConnectionRate) : nil
        self.rules = HandshakeRules(configuration)
        self.admission = admission
        self.tls = configuration.tls.map(ListenerTLS.init)
        self.authenticates = admission.authenticates(on: configuration.name)
    }

    var connectionCount: Int { self.upgraded.load(ordering: .relaxed) }

    func stop() {
        self.isStopping.store(true, ordering: .relaxed)
    }

    /// Takes one of the `maxConnections` places, to be given back by `leave`; else says why there is none.
    func enter() -> String? {
        if self.isStopping.load(ordering: .relaxed) {
            return "the gateway is stopping"
        }
        let before = self.places.wrappingAdd(1, ordering: .relaxed).oldValue
        guard before < self.configuration.maxConnections else {
            self.leave()
            return "the listener has its maximum of \(self.configuration.maxConnections) connections"
        }
        if let reason = self.admission.refusal(for: self.configuration.name) {
            self.leave()
            return reason
        }
        return nil
    }

    func leave() {
        self.places.wrappingSubtract(1, ordering: .relaxed)
    }

    /// Whether `access_rules` let a peer in that was just accepted. Behind a PROXY header the charge point's address is
    /// not known yet.
    func admits(_ address: SocketAddress?, eventLoop: any EventLoop) -> Bool {
        guard !self.configuration.expectsProxyHeader, !self.configuration.accessRules.permits(address) else {
            return true
        }
        self.refusedUnseen(Self.denial(self.configuration, address), eventLoop: eventLoop)
        return false
    }

    static func denial(_ configuration: ListenerConfiguration, _ address: SocketAddress?) -> HandshakeRefusal {
        HandshakeRefusal(
            listener: configuration.name, remoteAddress: address?.hostAndPort ?? "unknown", identity: nil, status: nil,
            reason: "denied by access_rules")
    }

    /// Whose share of the rate a connection takes; nil: nobody's, since many come from a proxy's address.
    func sharing(_ address: SocketAddress?) -> IPAddress? {
        guard !self.configuration.expectsProxyHeader, let address = address.flatMap(IPAddress.init),
            !self.configuration.forwardedAddress.trustedProxies.contains(where: { $0.contains(address) })
        else { return nil }
        return address
    }

    func refusedUnseen(_ address: SocketAddress?, _ reason: String, _ context: ChannelHandlerContext) {
        var refusal = Self.denial(self.configuration, address)
        refusal.reason = reason
        self.refusedUnseen(refusal, eventLoop: context.eventLoop)
    }

    /// Tells of a connection that was closed before its first byte of TLS or HTTP; in a flood, in sums.
    func refusedUnseen(_ refusal: HandshakeRefusal, eventLoop: any EventLoop) {
        switch self.denials.withLock({ $0.denied(now: .now()) }) {
        case .now:
            self.admission.handshakeRefused(refusal)
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
                LoopShare(eventLoop: eventLoop, receiveBuffer: self.receiveBuffer(of: eventLoop)),
                eventLoop: eventLoop)
            shares[ObjectIdentifier(eventLoop)] = new
            return new
        }.value
    }

    /// The one of an event loop; may be asked for anywhere.
    func receiveBuffer(of eventLoop: any EventLoop) -> SharedReceiveBuffer {
        self.receiveBuffers.withLock { buffers in
            if let known = buffers[ObjectIdentifier(eventLoop)] { return known }
            let new = SharedReceiveBuffer(capacity: self.configuration.receiveBuffer, eventLoop: eventLoop)
            buffers[ObjectIdentifier(eventLoop)] = new
            return new
        }
    }

    func connectionOpened() {
        self.upgraded.wrappingAdd(1, ordering: .relaxed)
    }

    func connectionClosed() {
        self.upgraded.wrappingSubtract(1, ordering: .relaxed)
        self.leave()
    }
}
