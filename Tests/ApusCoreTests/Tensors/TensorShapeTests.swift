import ApusCore
import Testing

struct TensorShapeTests {
    @Test func `the element count is the product of the sizes`() {
        #expect(TensorShape([2, 3, 4])?.elementCount == 24)
        #expect(TensorShape([])?.elementCount == 1)
        #expect(TensorShape.scalar.rank == 0)
        #expect(TensorShape([Int.max])?.elementCount == Int.max)
        #expect(TensorShape([Int.max, 1, 1])?.elementCount == Int.max)
    }

    @Test func `a dimension of zero makes no elements`() {
        #expect(TensorShape([0])?.elementCount == 0)
        #expect(TensorShape([1, 0, Int.max])?.elementCount == 0)
        #expect(TensorShape([0])?.byteCount(of: .fp64) == 0)
    }

    @Test(
        arguments: [
            [1 << 32, 1 << 31], [1 << 62, 2], [Int.max, 2], [3_037_000_500, 3_037_000_500], [Int.max, Int.max],
            [0, Int.max, 2], [Int.max, 0, 2], [2, 2, 1 << 61],
        ]
    )
    func `a product beyond Int is no shape, zeros or not`(dimensions: [Int]) {
        #expect(TensorShape(dimensions) == nil)
    }

    @Test func `products right below the limit are fine`() {
        #expect(TensorShape([3_037_000_499, 3_037_000_499])?.elementCount == 3_037_000_499 * 3_037_000_499)
        #expect(TensorShape([1 << 31, 1 << 31])?.elementCount == 1 << 62)
        #expect(TensorShape(Array(repeating: 2, count: 32))?.elementCount == 1 << 32)
    }

    @Test func `negative sizes are no shape`() {
        #expect(TensorShape([-1]) == nil)
        #expect(TensorShape([0, -1]) == nil)
        #expect(TensorShape([Int.min]) == nil)
        #expect(TensorShape([2, Int.min, 2]) == nil)
    }

    @Test func `thirty-two dimensions are the most`() {
        #expect(TensorShape([Int](repeating: 1, count: 32))?.rank == 32)
        #expect(TensorShape([Int](repeating: 1, count: 33)) == nil)
        #expect(TensorShape([Int](repeating: 0, count: 33)) == nil)
    }

    @Test(arguments: [[], [7], [1, 0, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5], [Int](repeating: 1, count: 32)])
    func `sizes come back as they were given, however many`(dimensions: [Int]) throws {
        let shape = try #require(TensorShape(dimensions))
        #expect(shape.dimensions == dimensions)
        #expect(shape.rank == dimensions.count)
        #expect(shape.first == dimensions.first)
        #expect((0..<shape.rank).map { shape[$0] } == dimensions)
        #expect(unsafe shape.withUnsafeDimensions { unsafe Array($0) } == dimensions)
        #expect(TensorShape(dimensions) == shape)
        #expect(TensorShape(dimensions)?.hashValue == shape.hashValue)
        var sizes = TensorShape.Sizes()
        let hasRoom = dimensions.allSatisfy { sizes.append($0) }
        #expect(hasRoom)
        #expect(sizes.shape == shape && sizes.array == dimensions)
    }

    @Test func `one size more than there may be isn't taken`() {
        var sizes = TensorShape.Sizes()
        let hasRoom = (0..<32).allSatisfy { _ in sizes.append(2) }
        #expect(hasRoom)
        let hasMoreRoom = sizes.append(2)
        #expect(!hasMoreRoom)
        #expect(sizes.count == 32)
        #expect(sizes.shape?.elementCount == 1 << 32)
    }

    @Test func `shapes differ by each of their sizes and by how many they are`() {
        #expect(TensorShape([1, 2, 3, 4]) != TensorShape([1, 2, 3, 5]))
        #expect(TensorShape([1, 2, 3, 4, 5]) != TensorShape([1, 2, 3, 4, 6]))
        #expect(TensorShape([2]) != TensorShape([2, 0]))
        #expect(TensorShape([0]) != TensorShape([]))
    }

    @Test(arguments: [[5, 2], [5, 2, 3, 4], [5, 2, 3, 4, 6]])
    func `another number of rows leaves the rest as it was`(dimensions: [Int]) throws {
        let shape = try #require(TensorShape(dimensions))
        let other = try #require(shape.replacingFirst(by: 9))
        #expect(other.dimensions == [9] + dimensions.dropFirst())
        #expect(other.elementCount == shape.elementCount / 5 * 9)
        #expect(other.agreesBehindFirst(with: shape))
        #expect(shape.replacingFirst(by: -1) == nil)
        #expect(shape.replacingFirst(by: Int.max) == nil)
        #expect(TensorShape.scalar.replacingFirst(by: 1) == nil)
        #expect(TensorShape([5, 3])?.agreesBehindFirst(with: shape) == false)
    }

    @Test func `bytes are counted with care`() {
        #expect(TensorShape([3])?.byteCount(of: .fp64) == 24)
        #expect(TensorShape([])?.byteCount(of: .bool) == 1)
        #expect(TensorShape([1 << 60])?.byteCount(of: .fp64) == nil)
        #expect(TensorShape([1 << 60])?.byteCount(of: .fp32) == 1 << 62)
        #expect(TensorShape([Int.max])?.byteCount(of: .uint8) == Int.max)
        #expect(TensorShape([Int.max])?.byteCount(of: .bf16) == nil)
        #expect(TensorShape([1])?.byteCount(of: .bytes) == nil)
    }

    @Test func `a random product overflows exactly when wide arithmetic says so`() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let dimensions = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                Int(truncatingIfNeeded: generator.next() >> UInt64.random(in: 1...64, using: &generator))
            }
            let nonzero = dimensions.filter { $0 != 0 }
            let fits = nonzero.reduce(Int128(1)) { min($0 * Int128($1), Int128(1) << 64) } <= Int128(Int.max)
            #expect((TensorShape(dimensions) != nil) == fits, "\(dimensions)")
        }
    }

    @Test func `a shape is written as in JSON`() {
        #expect(TensorShape([1, 0, 3])?.description == "[1,0,3]")
        #expect(TensorShape.scalar.description == "[]")
    }
}
