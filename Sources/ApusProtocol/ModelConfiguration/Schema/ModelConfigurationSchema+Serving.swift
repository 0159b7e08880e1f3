extension ModelConfigurationSchema {
    /// A setting for the engine.
    package static let modelParameter = MessageSchema("ModelParameter", [FieldSchema("string_value", 1, .string)])

    /// What one input holds during warm-up.
    package static let warmupInput = MessageSchema(
        "ModelWarmup.Input",
        [
            FieldSchema("data_type", 1, .enumeration(dataType)),
            FieldSchema("dims", 2, .int64, .repeated),
            FieldSchema("zero_data", 3, .bool, oneof: "input_data_type"),
            FieldSchema("random_data", 4, .bool, oneof: "input_data_type"),
            FieldSchema("input_data_file", 5, .string, oneof: "input_data_type"),
        ]
    )

    /// A request to run before a version is ready.
    package static let modelWarmup = MessageSchema(
        "ModelWarmup",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("batch_size", 2, .uint32),
            FieldSchema("inputs", 3, .message(warmupInput), .stringMap),
            FieldSchema("count", 4, .uint32),
        ]
    )

    /// Libraries with operators of the user's own.
    package static let modelOperations = MessageSchema(
        "ModelOperations",
        [FieldSchema("op_library_filename", 1, .string, .repeated)]
    )

    /// Whether answers are remembered.
    package static let modelResponseCache = MessageSchema("ModelResponseCache", [FieldSchema("enable", 1, .bool)])

    /// Which metric a setting is for.
    package static let metricIdentifier = MessageSchema(
        "ModelMetrics.MetricControl.MetricIdentifier",
        [FieldSchema("family", 1, .string)]
    )

    /// Where the buckets of a histogram end.
    package static let histogramOptions = MessageSchema(
        "ModelMetrics.MetricControl.HistogramOptions",
        [FieldSchema("buckets", 1, .double, .repeated)]
    )

    /// The settings of one metric.
    package static let metricControl = MessageSchema(
        "ModelMetrics.MetricControl",
        [
            FieldSchema("metric_identifier", 1, .message(metricIdentifier)),
            FieldSchema("histogram_options", 2, .message(histogramOptions), oneof: "metric_options"),
        ]
    )

    /// The settings of this model's metrics.
    package static let modelMetrics = MessageSchema(
        "ModelMetrics",
        [FieldSchema("metric_control", 1, .message(metricControl), .repeated)]
    )
}
