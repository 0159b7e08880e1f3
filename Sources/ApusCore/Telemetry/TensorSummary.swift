/// What the log says of a tensor: its name and its shape, never its values.
package struct TensorSummary: Hashable, Sendable, CustomStringConvertible {
    /// Its name.
    package let name: String
    /// Its shape.
    package let shape: TensorShape

    /// Sums a tensor up.
    package init(name: String, shape: TensorShape) {
        self.name = name
        self.shape = shape
    }

    /// Name and shape: `features[1,4]`.
    package var description: String { name + shape.description }
}
