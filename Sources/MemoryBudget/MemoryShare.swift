/// What one session holds one way, of the budget of all (behaviour.md, "Bounds"). Whoever has one gives everything back
/// before letting it go.
public struct MemoryShare: ~Copyable {
    private let budget: MemoryBudget
    public private(set) var used = 0

    public init(of budget: MemoryBudget) {
        self.budget = budget
    }

    /// Counts bytes that are about to be held; false, and nothing is counted, where the session or all sessions
    /// together would hold too much.
    public mutating func take(_ bytes: Int) -> Bool {
        guard bytes <= budget.share - used, budget.take(bytes) else { return false }
        used += bytes
        return true
    }

    /// Counts bytes that cannot be refused, because they are held already.
    public mutating func force(_ bytes: Int) {
        used += bytes
        budget.force(bytes)
    }

    /// They are held no longer.
    public mutating func give(_ bytes: Int) {
        used -= bytes
        budget.give(bytes)
    }

    deinit {
        budget.give(used)
    }
}
