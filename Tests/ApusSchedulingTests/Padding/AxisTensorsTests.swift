import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct AxisTensorsTests {
    private let allocator = HeapTensorAllocator()

    private func fill(_ tensor: Tensor, _ axis: Int, _ size: Int, _ element: [UInt8]) -> Tensor? {
        AxisTensors.fill(tensor, axis: axis, to: size, with: element, allocator: allocator)
    }

    @Test func `the last dimension is filled in every row`() throws {
        let one = unsafe withUnsafeBytes(of: Float(-1).bitPattern) { unsafe Array($0) }
        let longer = try #require(fill(Tensor([2, 2], floats: [1, 2, 3, 4]), 1, 4, one))
        #expect(longer.shape.dimensions == [2, 4])
        #expect(longer.floats == [1, 2, -1, -1, 3, 4, -1, -1])
    }

    @Test func `an inner dimension is filled with whole rows behind it`() throws {
        let tensor = Tensor(.int16, [2, 1, 2], elements: [Int16(1), 2, 3, 4])
        let longer = try #require(fill(tensor, 1, 2, [7, 0]))
        #expect(longer.shape.dimensions == [2, 2, 2])
        #expect(longer.byteArray == Tensor(.int16, [2, 2, 2], elements: [Int16(1), 2, 7, 7, 3, 4, 7, 7]).byteArray)
    }

    @Test func `what can't be filled is left to the caller`() {
        let tensor = Tensor([1, 2], floats: [1, 2])
        let zero: [UInt8] = [0, 0, 0, 0]
        #expect(fill(tensor, 2, 4, zero) == nil)
        #expect(fill(tensor, 1, 2, zero) == nil)
        #expect(fill(tensor, 1, 4, [0]) == nil)
        #expect(fill(tensor, 1, AxisTensors.maxBytes / 4 + 1, zero) == nil)
        #expect(fill(tensor, 1, .max, zero) == nil)
        #expect(fill(Tensor([0, 2], floats: []), 1, 4, zero) == nil)
        #expect(fill(Tensor([1, 1], texts: ["a"]), 1, 4, []) == nil)
    }

    @Test func `what was filled up is cut off again`() throws {
        let tensor = Tensor([2, 3, 2], floats: (0..<12).map(Float.init))
        let cut = try #require(AxisTensors.cut(tensor, axis: 1, to: 1, allocator: allocator))
        #expect(cut.shape.dimensions == [2, 1, 2])
        #expect(cut.floats == [0, 1, 6, 7])
        let last = try #require(AxisTensors.cut(tensor, axis: 2, to: 1, allocator: allocator))
        #expect(last.floats == [0, 2, 4, 6, 8, 10])
        #expect(AxisTensors.cut(tensor, axis: 1, to: 3, allocator: allocator)?.storage === tensor.storage)
        #expect(AxisTensors.cut(tensor, axis: 1, to: 4, allocator: allocator) == nil)
        #expect(AxisTensors.cut(tensor, axis: 3, to: 1, allocator: allocator) == nil)
    }

    @Test func `one row is cut without a copy`() throws {
        let tensor = Tensor([1, 3, 2], floats: (0..<6).map(Float.init))
        let cut = try #require(AxisTensors.cut(tensor, axis: 1, to: 2, allocator: allocator))
        #expect(cut.floats == [0, 1, 2, 3])
        let isShared = unsafe cut.storage.bytes.withUnsafeBytes { part in
            unsafe tensor.storage.bytes.withUnsafeBytes { unsafe $0.baseAddress == part.baseAddress }
        }
        #expect(isShared)
        let nothing = try #require(AxisTensors.cut(tensor, axis: 1, to: 0, allocator: allocator))
        #expect(nothing.shape.dimensions == [1, 0, 2])
        #expect(nothing.storage.byteCount == 0)
    }
}
