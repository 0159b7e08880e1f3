extension TensorShape {
    /// Sizes that are read one by one, without an array, which would have to be allocated for each tensor of each request.
    package struct Sizes {
        /// As many as `maxRank`.
        private var sizes = InlineArray<32, Int>(repeating: 0)
        /// How many there are.
        package private(set) var count = 0

        /// Starts without any.
        package init() {}

        /// Takes one more; `false` for one too many.
        package mutating func append(_ size: Int) -> Bool {
            guard count < sizes.count else { return false }
            sizes[count] = size
            count += 1
            return true
        }

        /// The shape of these sizes; `nil` as for those of an array.
        package var shape: TensorShape? {
            TensorShape(sizes.span.extracting(first: count))
        }

        /// The sizes as an array, for messages.
        package var array: [Int] { (0..<count).map { sizes[$0] } }
    }
}
