extension ModelConfiguration {
    /// A tensor that the model answers.
    package struct Output: Sendable, Equatable {
        /// The name of the tensor.
        package let name: String

        /// The type of its elements.
        package let dataType: ConfiguredDataType

        /// The shape without the batch dimension; -1 for any size.
        package let dims: [Int64]

        /// The shape that the engine gives instead; nil for the same.
        package let reshape: [Int64]?

        /// The file with the names of the classes; empty for none.
        package let labelFilename: String

        /// Whether the tensor holds a shape.
        package let isShapeTensor: Bool

        /// Reads the properties out of a message of the schema `modelOutput`.
        init(message: ModelConfigurationMessage) {
            name = message.string("name")
            dataType = ConfiguredDataType(message, "data_type")
            dims = message.signedNumbers("dims")
            reshape = message.message("reshape")?.signedNumbers("shape")
            labelFilename = message.string("label_filename")
            isShapeTensor = message.boolean("is_shape_tensor")
        }
    }
}
