import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct ProbeRowsTests {
    private let allocator = HeapTensorAllocator()

    @Test func `rows differ, and the first is the request's own`() {
        let input = Tensor([2, 4], floats: [1, 2, 3, 4, 9, 9, 9, 9])
        let rows = ProbeRows.make(from: [input], allocator: allocator)
        #expect(rows.count == ProbeRows.count)
        #expect(rows[0][0]?.floats == [1, 2, 3, 4])
        #expect(Set(rows.compactMap { $0[0]?.byteArray }).count == ProbeRows.count)
        #expect(rows.allSatisfy { $0[0]?.shape.dimensions == [1, 4] })
    }

    @Test func `integers keep their values, in another order`() {
        let input = Tensor(.int32, [1, 4], elements: [Int32(5), 6, 7, 8])
        for row in ProbeRows.make(from: [input], allocator: allocator) {
            #expect(row[0]?.byteArray.sorted() == input.byteArray.sorted())
        }
    }

    @Test func `one integer can't be told apart from itself`() {
        let input = Tensor(.int32, [1, 1], elements: [Int32(5)])
        #expect(ProbeRows.make(from: [input], allocator: allocator).count == 1)
    }

    @Test func `strings become longer and stay strings`() {
        let rows = ProbeRows.make(from: [Tensor([1, 1], texts: ["ab"])], allocator: allocator)
        #expect(rows.count == ProbeRows.count)
        #expect(rows[1][0]?.byteArray == Tensor([1, 1], texts: ["aba"]).byteArray)
    }

    @Test func `an input that was left out stays so`() {
        let rows = ProbeRows.make(from: [nil, Tensor([1, 1], floats: [0])], allocator: allocator)
        #expect(rows.count == ProbeRows.count)
        #expect(rows.allSatisfy { $0[0] == nil })
    }
}
