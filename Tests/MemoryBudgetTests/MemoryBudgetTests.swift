import MemoryBudget
import Testing

@Suite("behaviour.md, \"Bounds\": bytes")
struct MemoryBudgetTests {
    @Test
    func `What would be too much is refused, and counts for nothing`() {
        let budget = MemoryBudget(limit: 100)
        #expect(budget.take(60))
        #expect(!budget.take(41))
        #expect(budget.used == 60)
        #expect(budget.take(40))
        budget.give(100)
        #expect(budget.used == 0)
    }

    @Test(
        arguments: [(100, 25), (16 << 20, 4 << 20), (1 << 30, 4 << 20)])
    func `A session may hold a quarter, and 4 MB at the most`(limit: Int, share: Int) {
        #expect(MemoryBudget(limit: limit).share == share)
    }

    @Test
    func `One session does not get what is left for the others, and gives all back when it goes`() {
        let budget = MemoryBudget(limit: 100)
        do {
            var share = MemoryShare(of: budget)
            let (first, second) = (share.take(25), share.take(1))
            #expect(first && !second)
            share.give(5)
            #expect(budget.used == 20)
            _ = consume share
        }
        #expect(budget.used == 0)
    }

    @Test
    func `A loan is given back when nobody has it any more`() {
        let budget = MemoryBudget(limit: 100)
        do {
            let loan = MemoryLoan(of: budget, bytes: 70)
            withExtendedLifetime(loan) {
                #expect(loan != nil && budget.used == 70)
                #expect(MemoryLoan(of: budget, bytes: 31) == nil)
            }
        }
        #expect(budget.used == 0)
    }

    @Test
    func `Sizes that no machine has do not overflow`() {
        let budget = MemoryBudget(limit: 100)
        var share = MemoryShare(of: budget)
        let taken = [share.take(.max), share.take(1), share.take(.max)]
        #expect(taken == [false, true, false])
        #expect(budget.used == 1)
    }
}
