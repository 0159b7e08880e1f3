/// How a picture becomes one of a model's inputs, as the model's `apus.yaml` says; compared with the input at load.
package struct ImageInput: Hashable, Sendable {
    /// The colours of the model's channels.
    package enum Color: String, Sendable, CaseIterable {
        case rgb
        case bgr
        case grey

        /// How many channels there are.
        package var channels: Int { self == .grey ? 1 : 3 }
    }

    /// How pixels lie in the tensor.
    package enum Layout: String, Sendable, CaseIterable {
        /// One channel after the other.
        case nchw = "NCHW"
        /// One pixel after the other.
        case nhwc = "NHWC"
    }

    /// The input's name.
    package let input: String
    /// Its element type; not BYTES.
    package let dataType: DataType
    /// The shape of one picture, batch dimension included where the model has one.
    package let shape: TensorShape
    /// Pixels that the model's pictures have in a row.
    package let width: Int
    /// Rows that the model's pictures have.
    package let height: Int
    /// How pixels lie in the tensor.
    package let layout: Layout
    /// The colours of the channels.
    package let color: Color
    /// For each channel, in the tensor's order, the elements that the values 0 to 255 become: little-endian bytes of the
    /// element type, one after the other.
    package let elements: [[UInt8]]

    /// Puts the parts together; the caller has checked that they agree.
    package init(
        input: TensorSpecification,
        shape: TensorShape,
        size: (width: Int, height: Int),
        layout: Layout,
        color: Color,
        elements: [[UInt8]]
    ) {
        self.input = input.name
        self.dataType = input.dataType
        self.shape = shape
        self.width = size.width
        self.height = size.height
        self.layout = layout
        self.color = color
        self.elements = elements
    }
}
