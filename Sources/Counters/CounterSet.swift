import Synchronization

/// Counts that only grow since start, one for each case of a room's own enum.
package final class CounterSet<Key: CaseIterable & RawRepresentable & Sendable>: Sendable where Key.RawValue == Int {
    private final class Cell: Sendable {
        let value = Atomic<Int>(0)
    }

    /// By the key's raw value.
    private let cells: [Cell]

    package init() {
        let highest = Key.allCases.map(\.rawValue).max() ?? -1
        cells = (0...max(highest, 0)).map { _ in Cell() }
    }

    package func add(_ key: Key, _ number: Int = 1) {
        cells[key.rawValue].value.wrappingAdd(number, ordering: .relaxed)
    }

    package func value(_ key: Key) -> Int {
        cells[key.rawValue].value.load(ordering: .relaxed)
    }
}
