extension ModelConfigurationSchema {
    /// How eagerly the engine rewrites the graph.
    package static let optimizationGraph = MessageSchema(
        "ModelOptimizationPolicy.Graph",
        [FieldSchema("level", 1, .int32)]
    )

    /// How a model ranks among others.
    package static let modelPriority = EnumerationSchema(
        "ModelOptimizationPolicy.ModelPriority",
        ["PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"]
    )

    /// The shape of one input of a captured CUDA graph.
    package static let cudaGraphShape = MessageSchema(
        "ModelOptimizationPolicy.Cuda.GraphSpec.Shape",
        [FieldSchema("dim", 1, .int64, .repeated)]
    )

    /// The smallest input that a captured CUDA graph serves.
    package static let cudaGraphLowerBound = MessageSchema(
        "ModelOptimizationPolicy.Cuda.GraphSpec.LowerBound",
        [
            FieldSchema("batch_size", 1, .int32),
            FieldSchema("input", 2, .message(cudaGraphShape), .stringMap),
        ]
    )

    /// A CUDA graph to capture.
    package static let cudaGraphSpec = MessageSchema(
        "ModelOptimizationPolicy.Cuda.GraphSpec",
        [
            FieldSchema("batch_size", 1, .int32),
            FieldSchema("input", 2, .message(cudaGraphShape), .stringMap),
            FieldSchema("graph_lower_bound", 3, .message(cudaGraphLowerBound)),
        ]
    )

    /// Settings for CUDA.
    package static let optimizationCuda = MessageSchema(
        "ModelOptimizationPolicy.Cuda",
        [
            FieldSchema("graphs", 1, .bool),
            FieldSchema("busy_wait_events", 2, .bool),
            FieldSchema("graph_spec", 3, .message(cudaGraphSpec), .repeated),
            FieldSchema("output_copy_stream", 4, .bool),
        ]
    )

    /// A library that the engine may hand parts of the graph to.
    package static let accelerator = MessageSchema(
        "ModelOptimizationPolicy.ExecutionAccelerators.Accelerator",
        [
            FieldSchema("name", 1, .string),
            FieldSchema("parameters", 2, .string, .stringMap),
        ]
    )

    /// Libraries that the engine may hand parts of the graph to, best first.
    package static let executionAccelerators = MessageSchema(
        "ModelOptimizationPolicy.ExecutionAccelerators",
        [
            FieldSchema("gpu_execution_accelerator", 1, .message(accelerator), .repeated),
            FieldSchema("cpu_execution_accelerator", 2, .message(accelerator), .repeated),
        ]
    )

    /// Whether tensors pass through pinned memory.
    package static let pinnedMemoryBuffer = MessageSchema(
        "ModelOptimizationPolicy.PinnedMemoryBuffer",
        [FieldSchema("enable", 1, .bool)]
    )

    /// How the engine is to run the model.
    package static let modelOptimizationPolicy = MessageSchema(
        "ModelOptimizationPolicy",
        [
            FieldSchema("graph", 1, .message(optimizationGraph)),
            FieldSchema("priority", 2, .enumeration(modelPriority)),
            FieldSchema("cuda", 3, .message(optimizationCuda)),
            FieldSchema("execution_accelerators", 4, .message(executionAccelerators)),
            FieldSchema("input_pinned_memory", 5, .message(pinnedMemoryBuffer)),
            FieldSchema("output_pinned_memory", 6, .message(pinnedMemoryBuffer)),
            FieldSchema("gather_kernel_buffer_threshold", 7, .uint32),
            FieldSchema("eager_batching", 8, .bool),
        ]
    )
}
