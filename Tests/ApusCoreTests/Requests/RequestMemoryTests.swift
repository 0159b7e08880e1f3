import ApusCore
import Testing

struct RequestMemoryTests {
    private let free = RequestMemory.freeBytes

    @Test func `a small request costs the budget nothing`() throws {
        let budget = ByteBudget(limit: 0)
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
        try memory.charge(free - 100)
        #expect(try memory.allocate(byteCount: 100, alignment: 1).byteCount == 100)
        #expect(budget.inUse == 0)
        let isFree = memory.takeCharge() == nil
        #expect(isFree)
    }

    @Test func `a larger one is charged whole, and the charge outlives the memory`() throws {
        let budget = ByteBudget(limit: 1 << 20)
        do {
            var charge: ByteCharge?
            do {
                var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: budget)
                try memory.charge(free)
                _ = try memory.allocate(byteCount: 1, alignment: 1)
                #expect(budget.inUse == free + 1)
                try memory.chargeElements(1000)
                #expect(budget.inUse == free + 1 + 32_000)
                charge = memory.takeCharge()
            }
            #expect(budget.inUse == free + 1 + 32_000)
            let byteCount = charge?.byteCount
            #expect(byteCount == free + 1 + 32_000)
        }
        #expect(budget.inUse == 0)
    }

    @Test func `what doesn't fit is refused before it is taken, and all is given back`() {
        let budget = ByteBudget(limit: 100_000)
        do {
            var memory = RequestMemory(allocator: UntouchedAllocator(), budget: budget)
            let error = #expect(throws: InferenceError.self) {
                try memory.charge(90_000)
                _ = try memory.allocate(byteCount: 20_000, alignment: 8)
            }
            #expect(error?.code == .resourceExhausted)
            #expect(error?.message == ByteBudget.exhausted.message)
            #expect(budget.inUse == 90_000)
        }
        #expect(budget.inUse == 0)
    }

    @Test func `a number of elements that overflows is refused`() {
        var memory = RequestMemory(allocator: HeapTensorAllocator(), budget: ByteBudget(limit: .max))
        let error = #expect(throws: InferenceError.self) { try memory.chargeElements(.max) }
        #expect(error?.code == .resourceExhausted)
    }

    @Test func `handles share one budget`() {
        let budget = ByteBudget(limit: 10)
        let handle = budget.makeHandle()
        #expect(handle.charge(6))
        #expect(!budget.charge(5))
        #expect(budget.inUse == 6 && handle.limit == 10)
        budget.release(6)
        #expect(handle.inUse == 0)
    }
}

/// Fails the test that takes memory.
private struct UntouchedAllocator: TensorAllocator {
    func allocate(byteCount: Int, alignment: Int) -> TensorStorage? {
        Issue.record("memory was taken that isn't paid for")
        return nil
    }
}
