import Synchronization

/// Counts by place in a table that is fixed from the beginning: no look-up and no lock.
public final class CounterTable: Sendable {
    private final class Cell: Sendable {
        let value = Atomic<Int>(0)
    }

    private let cells: [Cell]

    public init(places: Int) {
        cells = (0..<places).map { _ in Cell() }
    }

    public func add(_ place: Int, _ number: Int = 1) {
        cells[place].value.wrappingAdd(number, ordering: .relaxed)
    }

    public func value(_ place: Int) -> Int {
        cells[place].value.load(ordering: .relaxed)
    }
}
