package import ApusCore

/// One input of a request, its elements checked against the model's datatype.
package struct InputTensor: Sendable, Hashable {
    /// The model's description of the input.
    package let specification: TensorSpecification
    /// The dimensions sent.
    package let shape: TensorShape
    /// Booleans, numbers or strings as the datatype wants them, in row-major order; as many as the shape says.
    package let elements: [JSONValue]

    /// Pairs elements with their shape.
    init(_ specification: TensorSpecification, shape: TensorShape, elements: [JSONValue]) {
        self.specification = specification
        self.shape = shape
        self.elements = elements
    }
}
