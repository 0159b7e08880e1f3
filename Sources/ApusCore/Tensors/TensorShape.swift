/// The sizes of a tensor's dimensions, checked: no negative size, at most 32 of them, an element count that fits.
///
/// Numbers in a shape come from outside; their product is where servers of this kind overflowed. A value of this type
/// has been multiplied out with care once, and nobody needs to do it again.
///
/// Up to four sizes lie in the value itself: nearly all shapes are copied, from thread to thread too, without anything
/// being counted.
package struct TensorShape: Hashable, Sendable, CustomStringConvertible {
    /// The most dimensions accepted.
    package static let maxRank = 32

    /// The number of dimensions.
    package let rank: Int
    /// The product of the sizes: 1 for a scalar, 0 when a dimension is 0.
    package let elementCount: Int
    /// The first sizes; those behind the last one are 0.
    ///
    /// No `InlineArray`, which makes each copy a call.
    private let few: (Int, Int, Int, Int)
    /// All of them where they are too many for `few`.
    private let many: [Int]?

    /// Checks sizes and multiplies them.
    ///
    /// `nil` when there are more than 32, one is negative, or the product leaves `Int`; zero dimensions don't excuse an
    /// overflow of the others.
    package init?(_ dimensions: [Int]) {
        self.init(dimensions.span)
    }

    /// Checks sizes and multiplies them, without an array.
    ///
    /// `nil` as with an array.
    package init?(_ dimensions: Span<Int>) {
        let rank = dimensions.count
        guard rank <= TensorShape.maxRank else { return nil }
        var product = 1
        var hasZero = false
        for axis in 0..<rank {
            let size = dimensions[axis]
            guard size >= 0 else { return nil }
            if size == 0 {
                hasZero = true
                continue
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            product = next
        }
        self.rank = rank
        self.elementCount = hasZero ? 0 : product
        self.few = (
            rank > 0 ? dimensions[0] : 0, rank > 1 ? dimensions[1] : 0,
            rank > 2 ? dimensions[2] : 0, rank > 3 ? dimensions[3] : 0
        )
        self.many = rank > 4 ? (0..<rank).map { dimensions[$0] } : nil
    }

    /// The shape `[]`, one element.
    package static let scalar = TensorShape([])!

    /// The size of one dimension, counted from the outermost.
    package subscript(axis: Int) -> Int {
        precondition((0..<rank).contains(axis), "a shape has no such dimension")
        if let many { return many[axis] }
        return switch axis {
        case 0: few.0
        case 1: few.1
        case 2: few.2
        default: few.3
        }
    }

    /// The size of the outermost dimension; `nil` for a scalar.
    package var first: Int? { rank == 0 ? nil : self[0] }

    /// The size of the innermost dimension; `nil` for a scalar.
    package var last: Int? { rank == 0 ? nil : self[rank - 1] }

    /// The sizes, outermost first; empty for a scalar.
    ///
    /// An array of its own: where that matters, ask for one by one.
    package var dimensions: [Int] { many ?? (0..<rank).map { self[$0] } }

    /// Lends the sizes, outermost first, to an engine.
    package func withUnsafeDimensions<Result>(_ body: (UnsafeBufferPointer<Int>) -> Result) -> Result {
        if let many { return unsafe many.withUnsafeBufferPointer(body) }
        return unsafe withUnsafeBytes(of: few) { bytes in
            unsafe body(UnsafeBufferPointer(rebasing: bytes.assumingMemoryBound(to: Int.self)[..<rank]))
        }
    }

    /// The same with another outermost dimension; `nil` for a scalar, or when there are too many elements then.
    package func replacingFirst(by size: Int) -> TensorShape? {
        guard rank > 0 else { return nil }
        var sizes = Sizes()
        for axis in 0..<rank { _ = sizes.append(axis == 0 ? size : self[axis]) }
        return sizes.shape
    }

    /// Whether all dimensions but the outermost are another's.
    package func agreesBehindFirst(with other: TensorShape) -> Bool {
        guard rank == other.rank else { return false }
        for axis in 0..<rank where axis > 0 && self[axis] != other[axis] { return false }
        return true
    }

    /// Bytes that so many elements of a fixed-size type take.
    ///
    /// - Returns: `nil` for BYTES and when the product overflows.
    package func byteCount(of type: DataType) -> Int? {
        guard let size = type.byteSize else { return nil }
        let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: size)
        return overflow ? nil : bytes
    }

    package static func == (one: TensorShape, other: TensorShape) -> Bool {
        guard one.rank == other.rank else { return false }
        for axis in 0..<one.rank where one[axis] != other[axis] { return false }
        return true
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(rank)
        for axis in 0..<rank { hasher.combine(self[axis]) }
    }

    package var description: String {
        "[\(dimensions.map(String.init).joined(separator: ","))]"
    }
}
