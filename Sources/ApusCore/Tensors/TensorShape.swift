/// The sizes of a tensor's dimensions, checked: no negative size, at most 32 of them, an element count that fits.
///
/// Numbers in a shape come from outside; their product is where servers of this kind overflowed. A value of this type
/// has been multiplied out with care once, and nobody needs to do it again.
package struct TensorShape: Hashable, Sendable, CustomStringConvertible {
    /// The most dimensions accepted.
    package static let maxRank = 32

    /// The sizes, outermost first; empty for a scalar.
    package let dimensions: [Int]
    /// The product of the sizes: 1 for a scalar, 0 when a dimension is 0.
    package let elementCount: Int

    /// Checks sizes and multiplies them.
    ///
    /// `nil` when there are more than 32, one is negative, or the product leaves `Int`; zero dimensions don't excuse an
    /// overflow of the others.
    package init?(_ dimensions: [Int]) {
        guard dimensions.count <= TensorShape.maxRank else { return nil }
        var product = 1
        var hasZero = false
        for size in dimensions {
            guard size >= 0 else { return nil }
            if size == 0 {
                hasZero = true
                continue
            }
            let (next, overflow) = product.multipliedReportingOverflow(by: size)
            guard !overflow else { return nil }
            product = next
        }
        self.dimensions = dimensions
        self.elementCount = hasZero ? 0 : product
    }

    /// The shape `[]`, one element.
    package static let scalar = TensorShape([])!

    /// The number of dimensions.
    package var rank: Int { dimensions.count }

    /// Bytes that so many elements of a fixed-size type take.
    ///
    /// - Returns: `nil` for BYTES and when the product overflows.
    package func byteCount(of type: DataType) -> Int? {
        guard let size = type.byteSize else { return nil }
        let (bytes, overflow) = elementCount.multipliedReportingOverflow(by: size)
        return overflow ? nil : bytes
    }

    package var description: String {
        "[\(dimensions.map(String.init).joined(separator: ","))]"
    }
}
