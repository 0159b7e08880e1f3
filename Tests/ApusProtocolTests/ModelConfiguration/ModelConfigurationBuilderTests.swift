import Testing

@testable import ApusProtocol

/// Completing a configuration.
struct ModelConfigurationBuilderTests {
    @Test func `a configuration made from nothing is complete`() throws {
        var builder = ModelConfigurationBuilder()
        builder.setName("m")
        builder.setPlatform("onnxruntime_onnx")
        builder.setBackend("onnxruntime")
        builder.setDefaultModelFilename("model.onnx")
        try builder.setMaxBatchSize(4)
        builder.setVersionPolicyLatest()
        builder.enableDynamicBatching()
        try builder.appendInput(name: "a", v2DataType: "BYTES", dims: [-1, 2])
        try builder.appendInput(name: "b", v2DataType: "INT64", dims: [])
        try builder.appendOutput(name: "c", v2DataType: "FP32", dims: [3])
        let configuration = builder.makeConfiguration()
        let text = """
            name: "m" platform: "onnxruntime_onnx" backend: "onnxruntime" default_model_filename: "model.onnx"
            max_batch_size: 4 version_policy { latest { num_versions: 1 } } dynamic_batching { }
            input [ { name: "a" data_type: TYPE_STRING dims: [ -1, 2 ] }, { name: "b" data_type: TYPE_INT64 } ]
            output { name: "c" data_type: TYPE_FP32 dims: 3 }
            """
        #expect(configuration == (try ModelConfiguration.parse(text: text)))
        #expect(configuration.validate(isComplete: true).isEmpty)
        #expect(configuration.unsupportedFields(supported: []).isEmpty)
    }

    @Test func `completing keeps what the file says`() throws {
        let file = try ModelConfiguration.parse(text: "name: 'x' input { name: 'a' data_type: TYPE_BOOL dims: 1 }")
        var builder = ModelConfigurationBuilder(file)
        builder.setName("y")
        try builder.appendInput(name: "b", v2DataType: "BF16", dims: [1])
        let configuration = builder.makeConfiguration()
        #expect(configuration.name == "y")
        #expect(configuration.inputs.map(\.name) == ["a", "b"])
        #expect(configuration.message.position(of: "name") == TextPosition(line: 1, column: 1))
        #expect(configuration.unsupportedFields(supported: ["name"]) == ["input"])
        #expect(configuration.unsupportedFields(supported: ["name", "input"]).isEmpty)
    }

    @Test(arguments: [
        "sequence_batching { }", "dynamic_batching { preserve_ordering: true }", "ensemble_scheduling { }",
    ])
    func `dynamic batching is not switched on over another choice`(text: String) throws {
        let file = try ModelConfiguration.parse(text: text)
        var builder = ModelConfigurationBuilder(file)
        builder.enableDynamicBatching()
        #expect(builder.makeConfiguration() == file)
    }

    @Test(arguments: ["STRING", "fp32", "TYPE_FP32", "", "INVALID"])
    func `a data type that the v2 protocol does not have is refused`(name: String) {
        var builder = ModelConfigurationBuilder()
        let error = #expect(throws: ModelConfigurationError.self) {
            try builder.appendOutput(name: "o", v2DataType: name, dims: [])
        }
        #expect(
            error?.message == "tensor 'o' has the unknown data type '\(name)'; known are BOOL, UINT8, UINT16, UINT32, "
                + "UINT64, INT8, INT16, INT32, INT64, FP16, FP32, FP64, BYTES, BF16"
        )
        #expect(builder.makeConfiguration() == .empty)
    }

    @Test func `a batch that does not fit the field is refused`() {
        var builder = ModelConfigurationBuilder()
        #expect(throws: ModelConfigurationError.self) { try builder.setMaxBatchSize(.max) }
    }

    @Test func `documented defaults are written out`() throws {
        let file = try ModelConfiguration.parse(
            text: "max_batch_size: 8 dynamic_batching { } optimization { input_pinned_memory { enable: false } }"
        )
        var builder = ModelConfigurationBuilder(file)
        builder.fillDocumentedDefaults()
        let expected = """
            max_batch_size: 8 version_policy { latest { num_versions: 1 } }
            dynamic_batching { preferred_batch_size: 8 }
            optimization { input_pinned_memory { enable: false } output_pinned_memory { enable: true } }
            """
        #expect(builder.makeConfiguration() == (try ModelConfiguration.parse(text: expected)))
    }

    @Test func `documented defaults of sequences are written out`() throws {
        let file = try ModelConfiguration.parse(
            text: "max_batch_size: 2 version_policy { all { } } sequence_batching { oldest { } }"
        )
        var builder = ModelConfigurationBuilder(file)
        builder.fillDocumentedDefaults()
        let expected = """
            max_batch_size: 2 version_policy { all { } }
            sequence_batching { oldest { preferred_batch_size: 2 } max_sequence_idle_microseconds: 1000000 }
            optimization { input_pinned_memory { enable: true } output_pinned_memory { enable: true } }
            """
        #expect(builder.makeConfiguration() == (try ModelConfiguration.parse(text: expected)))
    }

    @Test func `an ensemble gets no optimisation`() throws {
        var builder = ModelConfigurationBuilder(try ModelConfiguration.parse(text: SampleConfiguration.ensemble))
        builder.fillDocumentedDefaults()
        #expect(!builder.makeConfiguration().message.isSet("optimization"))
        #expect(builder.makeConfiguration().validate(isComplete: true).isEmpty)
    }
}
