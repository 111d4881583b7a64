import Synchronization

/// What the broker thread has handed to the event loops and they have not dealt with. A central system that publishes
/// faster than that must wait in its broker, not in this process's memory.
final class DeliveryBacklog: Sendable {
    /// Deliveries; beyond them the broker's socket is not read.
    static let limit = 2048

    private let count = Atomic(0)

    var isEmpty: Bool { count.load(ordering: .sequentiallyConsistent) == 0 }
    var isFull: Bool { count.load(ordering: .sequentiallyConsistent) > Self.limit }

    func handedOver(_ deliveries: Int) {
        count.wrappingAdd(deliveries, ordering: .sequentiallyConsistent)
    }

    /// True: there is room again, which the broker thread may wait for.
    func finished(_ deliveries: Int) -> Bool {
        let change = count.wrappingSubtract(deliveries, ordering: .sequentiallyConsistent)
        return change.oldValue > Self.limit && change.newValue <= Self.limit
    }
}
