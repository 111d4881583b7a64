import Synchronization

/// Bytes of a message from the broker that are read; the rest is cut off one that is longer, so that its length alone
/// shows. It can be changed while links use it.
package final class DeliveryLimit: Sendable, Equatable {
    private let value: Atomic<Int>

    package init(_ bytes: Int) {
        value = Atomic(max(0, bytes))
    }

    package var bytes: Int { value.load(ordering: .relaxed) }

    package func use(_ bytes: Int) {
        value.store(max(0, bytes), ordering: .relaxed)
    }

    package static func == (one: DeliveryLimit, other: DeliveryLimit) -> Bool { one.bytes == other.bytes }
}
