extension ModelConfiguration {
    /// A tensor that the model asks for.
    package struct Input: Sendable, Equatable {
        /// The layout of an image.
        package enum Format: Int32, Sendable {
            /// No image, or nothing known.
            case none = 0
            /// Height, width, channels.
            case nhwc = 1
            /// Channels, height, width.
            case nchw = 2
        }

        /// The name of the tensor.
        package let name: String

        /// The type of its elements.
        package let dataType: ConfiguredDataType

        /// The layout, if it is an image.
        package let format: Format

        /// The shape without the batch dimension; -1 for any size.
        package let dims: [Int64]

        /// The shape that the engine sees instead; nil for the same.
        package let reshape: [Int64]?

        /// Whether the tensor holds a shape.
        package let isShapeTensor: Bool

        /// Whether requests of different shapes may be joined.
        package let allowsRaggedBatch: Bool

        /// Whether a request may leave it out.
        package let isOptional: Bool

        /// Reads the properties out of a message of the schema `modelInput`.
        init(message: ModelConfigurationMessage) {
            name = message.string("name")
            dataType = ConfiguredDataType(message, "data_type")
            format = message.enumeration("format").flatMap { Format(rawValue: $0.number) } ?? .none
            dims = message.signedNumbers("dims")
            reshape = message.message("reshape")?.signedNumbers("shape")
            isShapeTensor = message.boolean("is_shape_tensor")
            allowsRaggedBatch = message.boolean("allow_ragged_batch")
            isOptional = message.boolean("optional")
        }
    }
}

extension ConfiguredDataType {
    /// Reads the type out of a field of a message.
    init(_ message: ModelConfigurationMessage, _ field: String) {
        self = message.enumeration(field).flatMap { Self(rawValue: $0.number) } ?? .invalid
    }
}
