import Synchronization

/// Whether the gateway is on its way out; all listeners look at the same one.
final class DrainFlag: Sendable {
    private let value = Atomic(false)

    var isRaised: Bool { value.load(ordering: .relaxed) }

    func raise() {
        value.store(true, ordering: .relaxed)
    }
}
