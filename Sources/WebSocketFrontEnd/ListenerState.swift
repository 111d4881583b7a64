import NIOCore
import Synchronization

/// What the acceptors, handshakes and connections of one listener share.
final class ListenerState: Sendable {
    let configuration: ListenerConfiguration
    let rules: HandshakeRules
    let admission: any ConnectionAdmission
    /// Nil: `ws`.
    let tls: ListenerTLS?
    /// Handshakes are put to the admission's `authenticate`.
    let authenticates: Bool
    private let isStopping = Atomic<Bool>(false)
    /// Upgraded connections and handshakes that have passed the check against `maxConnections`.
    private let places = Atomic<Int>(0)
    private let upgraded = Atomic<Int>(0)

    init(configuration: ListenerConfiguration, admission: any ConnectionAdmission) {
        self.configuration = configuration
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

    func connectionOpened() {
        self.upgraded.wrappingAdd(1, ordering: .relaxed)
    }

    func connectionClosed() {
        self.upgraded.wrappingSubtract(1, ordering: .relaxed)
        self.leave()
    }
}
