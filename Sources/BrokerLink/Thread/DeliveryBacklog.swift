import MemoryBudget
import Synchronization

/// What the broker thread has handed to the event loops and they have not dealt with. A central system that publishes
/// faster than that must wait in its broker, not in this process's memory.
final class DeliveryBacklog: Sendable {
    /// Deliveries; beyond them, or beyond `byteLimit`, the broker's socket is not read.
    static let limit = 2048
    /// What one round of the thread reads at the most, but for one message.
    static let bytesPerRound = 1 << 20

    /// Not a share of what is free: acknowledgements must be read for anything to become free.
    var byteLimit: Int { min(16 << 20, memory.limit / 8) }
    private let memory: MemoryBudget
    private let count = Atomic(0)
    private let bytes = Atomic(0)

    init(memory: MemoryBudget = MemoryBudget(limit: .max)) {
        self.memory = memory
    }

    var isEmpty: Bool { count.load(ordering: .sequentiallyConsistent) == 0 }

    var isFull: Bool {
        count.load(ordering: .sequentiallyConsistent) > Self.limit
            || bytes.load(ordering: .sequentiallyConsistent) > byteLimit
    }

    func handedOver(_ deliveries: Int, bytes: Int) {
        if bytes > 0 {
            memory.force(bytes)
            self.bytes.wrappingAdd(bytes, ordering: .sequentiallyConsistent)
        }
        count.wrappingAdd(deliveries, ordering: .sequentiallyConsistent)
    }

    /// True: there is room again, which the broker thread may wait for.
    func finished(_ deliveries: Int, bytes: Int) -> Bool {
        var hasRoomAgain = false
        if bytes > 0 {
            memory.give(bytes)
            let change = self.bytes.wrappingSubtract(bytes, ordering: .sequentiallyConsistent)
            hasRoomAgain = change.oldValue > byteLimit && change.newValue <= byteLimit
        }
        let change = count.wrappingSubtract(deliveries, ordering: .sequentiallyConsistent)
        return hasRoomAgain || change.oldValue > Self.limit && change.newValue <= Self.limit
    }
}
