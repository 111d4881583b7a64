/// Bytes of the budget that are held for as long as somebody has this.
public final class MemoryLoan: Sendable {
    private let budget: MemoryBudget
    private let bytes: Int

    /// Nil: that would be too much.
    public init?(of budget: MemoryBudget, bytes: Int) {
        guard budget.take(bytes) else { return nil }
        self.budget = budget
        self.bytes = bytes
    }

    deinit {
        budget.give(bytes)
    }
}
