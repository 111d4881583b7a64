/// Counts that only grow since start, one for each case of a room's own enum.
///
/// The table is no generic type's: its cells would be, and each count would look up what type they are.
public final class CounterSet<Key: CaseIterable & RawRepresentable & Sendable>: Sendable where Key.RawValue == Int {
    /// By the key's raw value.
    private let table: CounterTable

    public init() {
        let highest = Key.allCases.map(\.rawValue).max() ?? -1
        table = CounterTable(places: max(highest, 0) + 1)
    }

    public func add(_ key: Key, _ number: Int = 1) {
        table.add(key.rawValue, number)
    }

    public func value(_ key: Key) -> Int {
        table.value(key.rawValue)
    }
}
