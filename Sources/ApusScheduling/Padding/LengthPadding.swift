internal import ApusCore

/// How one input of variable length is filled up, so that requests of different lengths share runs: an entry of
/// `scheduling.pad`.
package struct LengthPadding: Hashable, Sendable {
    /// A dimension of an output that is as long as the input.
    package struct Following: Hashable, Sendable {
        /// The output's index in the model.
        package let output: Int
        /// Its dimension.
        package let axis: Int

        /// Names a dimension of an output.
        package init(output: Int, axis: Int) {
            self.output = output
            self.axis = axis
        }
    }

    /// The input's index in the model.
    package let input: Int
    /// Its dimension that is filled up; never 0.
    package let axis: Int
    /// What it is filled up to, ascending; longer ones stay as they are.
    package let sizes: [Int]
    /// The bytes of the element that it is filled with.
    package let element: [UInt8]
    /// What is cut back in the answer.
    package let outputs: [Following]

    /// Puts an entry together; whoever does has compared it with the model.
    package init(input: Int, axis: Int, sizes: [Int], element: [UInt8], outputs: [Following]) {
        self.input = input
        self.axis = axis
        self.sizes = sizes
        self.element = element
        self.outputs = outputs
    }

    /// What a length is filled up to; `nil` where it stays as it is.
    ///
    /// Nothing is made of an input that is empty: what would be added were all there is.
    func size(for length: Int) -> Int? {
        guard length > 0, let size = sizes.first(where: { $0 >= length }), size > length else { return nil }
        return size
    }
}

/// What has to be cut off an output, because an input of its request was filled up.
package struct AxisCut: Hashable, Sendable {
    /// The output's place among those that were asked for.
    let place: Int
    /// The dimension.
    let axis: Int
    /// The request's own length.
    let length: Int
    /// The length that the input was filled up to, and the output has now.
    let filled: Int
}
