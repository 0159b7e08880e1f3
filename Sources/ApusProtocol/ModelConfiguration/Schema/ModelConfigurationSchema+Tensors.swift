extension ModelConfigurationSchema {
    /// The data types of tensors.
    package static let dataType = EnumerationSchema(
        "DataType",
        [
            "TYPE_INVALID", "TYPE_BOOL", "TYPE_UINT8", "TYPE_UINT16", "TYPE_UINT32", "TYPE_UINT64", "TYPE_INT8",
            "TYPE_INT16", "TYPE_INT32", "TYPE_INT64", "TYPE_FP16", "TYPE_FP32", "TYPE_FP64", "TYPE_STRING", "TYPE_BF16",
        ]
    )

    /// The layouts of images.
    package static let inputFormat = EnumerationSchema(
        "ModelInput.Format",
        ["FORMAT_NONE", "FORMAT_NHWC", "FORMAT_NCHW"]
    )

    /// Another shape for the same elements.
    package static let modelTensorReshape = MessageSchema(
        "ModelTensorReshape",
        [FieldSchema("shape", 1, .int64, .repeated)]
    )

    /// What the model asks for.
    package static let modelInput = MessageSchema(
        "ModelInput",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("data_type", 2, .enumeration(dataType)),
            FieldSchema("format", 3, .enumeration(inputFormat)),
            FieldSchema("dims", 4, .int64, .repeated),
            FieldSchema("reshape", 5, .message(modelTensorReshape)),
            FieldSchema("is_shape_tensor", 6, .bool),
            FieldSchema("allow_ragged_batch", 7, .bool),
            FieldSchema("optional", 8, .bool),
            FieldSchema("is_non_linear_format_io", 9, .bool),
        ]
    )

    /// What the model answers.
    package static let modelOutput = MessageSchema(
        "ModelOutput",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("data_type", 2, .enumeration(dataType)),
            FieldSchema("dims", 3, .int64, .repeated),
            FieldSchema("reshape", 5, .message(modelTensorReshape)),
            FieldSchema("label_filename", 4, .string),
            FieldSchema("is_shape_tensor", 6, .bool),
            FieldSchema("is_non_linear_format_io", 7, .bool),
        ]
    )

    /// What a ragged batch can be described by.
    package static let batchInputKind = EnumerationSchema(
        "BatchInput.Kind",
        [
            "BATCH_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT", "BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO",
            "BATCH_MAX_ELEMENT_COUNT_AS_SHAPE", "BATCH_ITEM_SHAPE", "BATCH_ITEM_SHAPE_FLATTEN",
        ]
    )

    /// How the answer to a ragged batch is taken apart.
    package static let batchOutputKind = EnumerationSchema("BatchOutput.Kind", ["BATCH_SCATTER_WITH_INPUT_SHAPE"])

    /// An input that the server adds to a ragged batch.
    package static let batchInput = MessageSchema(
        "BatchInput",
        [
            FieldSchema("kind", 1, .enumeration(batchInputKind)),
            FieldSchema("target_name", 2, .string, .repeated),
            FieldSchema("data_type", 3, .enumeration(dataType)),
            FieldSchema("source_input", 4, .string, .repeated),
        ]
    )

    /// An output that the server takes apart after a ragged batch.
    package static let batchOutput = MessageSchema(
        "BatchOutput",
        [
            FieldSchema("target_name", 1, .string, .repeated),
            FieldSchema("kind", 2, .enumeration(batchOutputKind)),
            FieldSchema("source_input", 3, .string, .repeated),
        ]
    )
}
