import ApusCore
import Testing

struct ByteBudgetTests {
    @Test func `what fits is charged and what doesn't takes nothing`() {
        let budget = ByteBudget(limit: 10)
        #expect(budget.charge(4))
        #expect(budget.charge(6))
        #expect(!budget.charge(1))
        #expect(budget.inUse == 10)
        #expect(budget.charge(0))
        budget.release(6)
        #expect(!budget.charge(7))
        #expect(budget.charge(6))
        budget.release(10)
        #expect(budget.inUse == 0)
    }

    @Test func `a charge ends with its owner`() {
        let budget = ByteBudget(limit: 10)
        do {
            let charge = ByteCharge(7, from: budget)
            let isTaken = charge != nil
            #expect(isTaken)
            #expect(budget.inUse == 7)
            let refused = ByteCharge(4, from: budget)
            let isRefused = refused == nil
            #expect(isRefused)
            #expect(budget.inUse == 7)
        }
        #expect(budget.inUse == 0)
    }

    @Test func `a charge grows as far as it fits`() {
        let budget = ByteBudget(limit: 10)
        do {
            // The charge can't be copied, so it can't go through #require.
            guard var charge = ByteCharge(1, from: budget) else {
                Issue.record("one byte of ten is refused")
                return
            }
            let grew = charge.grow(by: 9)
            let grewMore = charge.grow(by: 1)
            let byteCount = charge.byteCount
            #expect(grew && !grewMore)
            #expect(byteCount == 10)
            #expect(budget.inUse == 10)
        }
        #expect(budget.inUse == 0)
    }

    @Test func `many at once never go beyond the limit and give everything back`() async {
        let budget = ByteBudget(limit: 1_000)
        let mostSeen = await withTaskGroup(of: Int.self) { group in
            for seed in 0..<8 {
                group.addTask {
                    var generator = SeededGenerator(seed: UInt64(seed))
                    var held = 0
                    var most = 0
                    for _ in 0..<20_000 {
                        let count = Int.random(in: 0...300, using: &generator)
                        if budget.charge(count) {
                            held += count
                            most = max(most, held)
                        }
                        if held > 200 {
                            budget.release(held)
                            held = 0
                        }
                    }
                    budget.release(held)
                    return most
                }
            }
            return await group.reduce(0, max)
        }
        #expect(mostSeen <= 1_000)
        #expect(budget.inUse == 0)
    }
}
