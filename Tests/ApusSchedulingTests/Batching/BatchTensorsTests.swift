import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct BatchTensorsTests {
    private let allocator = HeapTensorAllocator()

    @Test func `rows of several tensors become one, in their order`() throws {
        let first = Tensor([2, 2], floats: [1, 2, 3, 4])
        let second = Tensor([1, 2], floats: [5, 6])
        let joined = try #require(BatchTensors.join([(first, 1..<2), (second, 0..<1)], allocator: allocator))
        #expect(joined.shape.dimensions == [2, 2])
        #expect(joined.floats == [3, 4, 5, 6])
    }

    @Test func `a whole tensor alone isn't copied`() throws {
        let tensor = Tensor([2, 2], floats: [1, 2, 3, 4])
        let joined = try #require(BatchTensors.join([(tensor, 0..<2)], allocator: allocator))
        #expect(joined.storage === tensor.storage)
    }

    @Test func `tensors that don't agree aren't joined`() {
        let tensor = Tensor([1, 2], floats: [1, 2])
        #expect(BatchTensors.join([], allocator: allocator) == nil)
        let wider = Tensor([1, 3], floats: [1, 2, 3])
        #expect(BatchTensors.join([(tensor, 0..<1), (wider, 0..<1)], allocator: allocator) == nil)
        let other = Tensor(.int32, [1, 2], elements: [Int32(1), 2])
        #expect(BatchTensors.join([(tensor, 0..<1), (other, 0..<1)], allocator: allocator) == nil)
        #expect(BatchTensors.join([(tensor, 0..<2), (tensor, 0..<1)], allocator: allocator) == nil)
    }

    @Test func `a slice borrows the memory of the whole`() throws {
        let tensor = Tensor([3, 2], floats: [1, 2, 3, 4, 5, 6])
        let slice = try #require(BatchTensors.slice(tensor, rows: 1..<3))
        #expect(slice.shape.dimensions == [2, 2])
        #expect(slice.floats == [3, 4, 5, 6])
        #expect(BatchTensors.slice(tensor, rows: 2..<4) == nil)
        #expect(BatchTensors.slice(tensor, rows: 0..<3)?.storage === tensor.storage)
    }

    @Test func `strings are cut between elements, whatever their lengths`() throws {
        let texts = Tensor([3, 1], texts: ["a", "", "long one"])
        let slice = try #require(BatchTensors.slice(texts, rows: 1..<3))
        let joined = try #require(BatchTensors.join([(slice, 0..<2), (texts, 0..<1)], allocator: allocator))
        #expect(joined.byteArray == Tensor([3, 1], texts: ["", "long one", "a"]).byteArray)
        let broken = Tensor(.bytes, [2, 1], bytes: [255, 255, 255, 255])
        #expect(BatchTensors.slice(broken, rows: 1..<2) == nil)
    }
}
