import Synchronization

/// Counts from 1, from any thread.
package final class Counter: Sendable {
    private let count = Atomic(0)

    package init() {}

    package var value: Int { count.load(ordering: .relaxed) }

    @discardableResult
    package func next() -> Int {
        count.add(1, ordering: .relaxed).newValue
    }
}
