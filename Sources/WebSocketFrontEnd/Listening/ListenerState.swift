import MemoryBudget
import NIOCore
import Synchronization

/// What the acceptors, handshakes and connections of one opening of a listener share.
final class ListenerState: Sendable {
    let configuration: ListenerConfiguration
    let id: ListenerID
    let rules: HandshakeRules
    let admission: any ConnectionAdmission
    /// Of all openings.
    let traffic: ListenerTraffic
    /// Of all listeners.
    let eventLoops: EventLoopTable
    /// Of the connections.
    let limits: ConnectionLimits
    /// Nil: connections are accepted at any rate.
    let limiter: AcceptRateLimiter?
    /// Nil: `ws`.
    let tls: ListenerTLS?
    private let isStopping = Atomic<Bool>(false)
    private let denials = Mutex(DenialThrottle())

    init(
        configuration: ListenerConfiguration, admission: any ConnectionAdmission,
        traffic: ListenerTraffic = ListenerTraffic(), eventLoops: EventLoopTable = EventLoopTable(),
        memory: MemoryBudget = MemoryBudget(limit: .max)
    ) {
        self.configuration = configuration
        self.admission = admission
        self.traffic = traffic
        self.eventLoops = eventLoops
        limits = ConnectionLimits(configuration, memory: memory)
        id = configuration.id
        limiter = configuration.maxConnectionRate > 0 ? AcceptRateLimiter(rate: configuration.maxConnectionRate) : nil
        rules = HandshakeRules(configuration)
        tls = configuration.tls.map(ListenerTLS.init)
    }

    static let stopReason = "the gateway is stopping"

    var isStopped: Bool { isStopping.load(ordering: .relaxed) }

    /// Handshakes under way are refused from here on.
    func stop() {
        isStopping.store(true, ordering: .relaxed)
    }

    /// Why a connection cannot be taken now; the charge point is told.
    struct NoPlace: Error {
        var reason: String
    }

    /// Takes one of the `maxConnections` places.
    func takePlace() throws(NoPlace) -> ListenerPlace {
        if isStopped { throw NoPlace(reason: Self.stopReason) }
        guard let place = ListenerPlace(in: traffic, limit: configuration.maxConnections) else {
            throw NoPlace(reason: "the listener has its maximum of \(configuration.maxConnections) connections")
        }
        if let reason = admission.refusal { throw NoPlace(reason: reason) }
        return place
    }

    // MARK: What is refused

    /// Counts a handshake that came to nothing, and tells of it.
    func refused(_ refusal: HandshakeRefusal, as count: FrontEndCount? = nil) {
        traffic.counters.add(count ?? FrontEndCount(status: refusal.status), refusal.count)
        admission.handshakeRefused(refusal)
    }

    /// Whether `access_rules` let a peer in that was just accepted. Behind a PROXY header the charge point's address is
    /// not known yet.
    func admits(_ address: SocketAddress?, eventLoop: any EventLoop) -> Bool {
        guard !configuration.expectsProxyHeader, !configuration.accessRules.permits(address) else { return true }
        denied(address, eventLoop: eventLoop)
        return false
    }

    func denied(_ address: SocketAddress?, eventLoop: any EventLoop) {
        refusedUnseen(PeerAddress(address), "denied by access_rules", eventLoop: eventLoop)
    }

    /// Whose share of the rate a connection takes; nil: nobody's, since many come from a proxy's address.
    func sharing(_ address: SocketAddress?) -> IPAddress? {
        guard !configuration.expectsProxyHeader, let address = address.flatMap(IPAddress.init),
            !configuration.forwardedAddress.trustedProxies.contains(where: { $0.contains(address) })
        else { return nil }
        return address
    }

    /// Tells of a connection that was closed before its first byte of TLS or HTTP; in a flood, in sums.
    func refusedUnseen(_ peer: PeerAddress, _ reason: String, eventLoop: any EventLoop) {
        let refusal = HandshakeRefusal(listener: id, peer: peer, identity: nil, status: nil, reason: reason)
        switch denials.withLock({ $0.denied(now: .now()) }) {
        case .now:
            refused(refusal)
        case .later(startsTimer: true):
            eventLoop.scheduleTask(in: .seconds(1)) {
                var sum = refusal
                sum.count = self.denials.withLock { $0.takeWithheld() }
                guard sum.count > 0 else { return }
                sum.reason += " (and others: \(sum.count) connections in the last second)"
                self.refused(sum)
            }
        case .later(startsTimer: false):
            break
        }
    }
}
