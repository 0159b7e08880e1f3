import Testing

@testable import ApusProtocol

/// The typed view of a configuration.
struct ModelConfigurationTests {
    @Test func `both styles of a large file mean the same`() throws {
        let handWritten = try ModelConfiguration.parse(text: SampleConfiguration.handWritten)
        let toolWritten = try ModelConfiguration.parse(text: SampleConfiguration.toolWritten)
        #expect(handWritten == toolWritten)
        #expect(handWritten.jsonBytes() == toolWritten.jsonBytes())
    }

    @Test func `a large file is read into its properties`() throws {
        let configuration = try ModelConfiguration.parse(text: SampleConfiguration.handWritten)
        #expect(configuration.name == "resnet50")
        #expect(configuration.platform == "onnxruntime_onnx")
        #expect(configuration.backend.isEmpty)
        #expect(configuration.runtime.isEmpty)
        #expect(configuration.maxBatchSize == 32)
        #expect(configuration.versionPolicy == .specific([3, 5]))
        #expect(configuration.defaultModelFilename == "resnet50.onnx")
        #expect(configuration.parameters == ["intra_op_thread_count": "4", "execution_mode": "0"])
        #expect(configuration.metricTags == ["team": "vision"])
        #expect(configuration.responseCacheEnabled)
        #expect(!configuration.isDecoupled)
        #expect(!configuration.isEnsemble)
        #expect(!configuration.isSequenceBatching)
        #expect(configuration.validate().isEmpty)
    }

    @Test func `tensors are read with their types and shapes`() throws {
        let configuration = try ModelConfiguration.parse(text: SampleConfiguration.handWritten)
        #expect(configuration.inputs.map(\.name) == ["pixels", "mask"])
        #expect(configuration.inputs.map(\.dataType.v2Name) == ["FP32", "BOOL"])
        #expect(configuration.inputs.map(\.dims) == [[3, 224, 224], [-1]])
        #expect(configuration.inputs.map(\.format) == [.nchw, .none])
        #expect(configuration.inputs.map(\.isOptional) == [false, true])
        #expect(configuration.inputs.map(\.allowsRaggedBatch) == [false, true])
        #expect(configuration.inputs.map(\.reshape) == [nil, nil])
        #expect(configuration.outputs.map(\.dataType.v2Name) == ["BYTES"])
        #expect(configuration.outputs.map(\.reshape) == [[10, 100]])
        #expect(configuration.outputs.map(\.labelFilename) == ["labels.txt"])
        #expect(!configuration.outputs[0].isShapeTensor)
    }

    @Test func `instances, batching, optimisation and warm-up are read`() throws {
        let configuration = try ModelConfiguration.parse(text: SampleConfiguration.handWritten)
        #expect(configuration.instanceGroups.map(\.kind) == [.cpu, .gpu])
        #expect(configuration.instanceGroups.map(\.count) == [2, 1])
        #expect(configuration.instanceGroups.map(\.gpus) == [[], [0, 1]])
        let batching = try #require(configuration.dynamicBatching)
        #expect(batching.preferredBatchSizes == [8, 16])
        #expect(batching.maxQueueDelay == .microseconds(500))
        #expect(!batching.preservesOrdering)
        #expect(batching.priorityLevels == 2)
        #expect(batching.defaultPriorityLevel == 2)
        #expect(batching.defaultQueuePolicy?.timeoutAction == .delay)
        #expect(batching.defaultQueuePolicy?.defaultTimeout == .milliseconds(10))
        #expect(batching.defaultQueuePolicy?.maxQueueSize == 64)
        #expect(batching.priorityQueuePolicies[1]?.allowsTimeoutOverride == true)
        #expect(batching.priorityQueuePolicies[1]?.defaultTimeout == nil)
        #expect(batching.priorityQueuePolicies[1]?.maxQueueSize == nil)
        #expect(configuration.optimization.graphLevel == -1)
        #expect(configuration.optimization.cpuAccelerators.map(\.name) == ["openvino"])
        #expect(configuration.optimization.cpuAccelerators.map(\.parameters) == [["precision": "FP32"]])
        #expect(configuration.optimization.gpuAccelerators.isEmpty)
        #expect(configuration.warmups.map(\.name) == ["one zero image"])
        #expect(configuration.warmups[0].batchSize == 1)
        #expect(configuration.warmups[0].count == 1)
        #expect(configuration.warmups[0].inputs["pixels"]?.dims == [3, 224, 224])
        #expect(configuration.warmups[0].inputs["pixels"]?.content == .zeros)
    }

    @Test func `an ensemble is read with its steps`() throws {
        let configuration = try ModelConfiguration.parse(text: SampleConfiguration.ensemble)
        let scheduling = try #require(configuration.ensembleScheduling)
        #expect(configuration.isEnsemble)
        #expect(scheduling.steps.map(\.modelName) == ["tokenizer", "classifier"])
        #expect(scheduling.steps.map(\.modelVersion) == [nil, 3])
        #expect(scheduling.steps[0].inputMap == ["text": "TEXT"])
        #expect(scheduling.steps[1].outputMap == ["logits": "SCORE"])
        #expect(scheduling.maxInflightRequests == nil)
        #expect(configuration.validate(isComplete: true).isEmpty)
    }

    @Test(
        arguments: [
            ("", .latest(1)), ("version_policy { }", .latest(1)), ("version_policy { latest { } }", .latest(1)),
            ("version_policy { latest { num_versions: 0 } }", .latest(1)),
            ("version_policy { latest { num_versions: 4294967295 } }", .latest(4_294_967_295)),
            ("version_policy { all { } }", .all), ("version_policy: { specific: { } }", .specific([])),
        ] as [(String, ModelConfiguration.VersionPolicy)]
    )
    func `a version policy is the newest version unless it says more`(
        text: String,
        policy: ModelConfiguration.VersionPolicy
    ) throws {
        #expect(try ModelConfiguration.parse(text: text).versionPolicy == policy)
    }

    @Test func `an empty file is an empty configuration`() throws {
        let configuration = try ModelConfiguration.parse(text: "")
        #expect(configuration == .empty)
        #expect(configuration.optimization.graphLevel == nil)
        #expect(configuration.validate().isEmpty)
    }

    @Test func `the longest times fit`() throws {
        let text = """
            dynamic_batching { max_queue_delay_microseconds: 18446744073709551615
              default_queue_policy { default_timeout_microseconds: 18446744073709551615 } priority_levels: 0xFFFFFFFFFFFFFFFF }
            """
        let batching = try #require(try ModelConfiguration.parse(text: text).dynamicBatching)
        #expect(batching.maxQueueDelay.components.seconds == 18_446_744_073_709)
        #expect(batching.defaultQueuePolicy?.defaultTimeout == batching.maxQueueDelay)
        #expect(batching.priorityLevels == .max)
    }

    @Test func `warm-up contents are told apart`() throws {
        let text = """
            model_warmup { inputs [ { key: "z" value { zero_data: false } }, { key: "r" value { random_data: false } },
              { key: "f" value { input_data_file: "x" } }, { key: "n" value { } } ] count: 3 }
            """
        let warmup = try ModelConfiguration.parse(text: text).warmups[0]
        #expect(warmup.inputs.mapValues(\.content) == ["z": .zeros, "r": .random, "f": .file("x"), "n": .zeros])
        #expect(warmup.count == 3)
    }

    @Test func `fields that nothing acts on are listed once by their topmost name`() throws {
        let configuration = try ModelConfiguration.parse(text: SampleConfiguration.handWritten)
        let supported: Set = [
            "name", "platform", "max_batch_size", "input.name", "input.data_type", "input.dims", "output",
            "dynamic_batching.preferred_batch_size", "dynamic_batching.default_queue_policy.max_queue_size",
            "parameters", "model_warmup.inputs.dims",
        ]
        #expect(
            configuration.unsupportedFields(supported: supported) == [
                "version_policy", "input.format", "input.allow_ragged_batch", "input.optional", "optimization",
                "dynamic_batching.max_queue_delay_microseconds", "dynamic_batching.priority_levels",
                "dynamic_batching.default_priority_level", "dynamic_batching.default_queue_policy.timeout_action",
                "dynamic_batching.default_queue_policy.default_timeout_microseconds",
                "dynamic_batching.priority_queue_policy", "instance_group", "default_model_filename", "metric_tags",
                "model_warmup.name", "model_warmup.batch_size", "model_warmup.inputs.data_type",
                "model_warmup.inputs.zero_data", "model_transaction_policy", "response_cache",
            ]
        )
        #expect(ModelConfiguration.empty.unsupportedFields(supported: []).isEmpty)
    }

    @Test func `changed fields are those whose values differ`() throws {
        let older = try ModelConfiguration.parse(
            text: "name: 'a' instance_group { count: 1 } version_policy { all {} }"
        )
        let newer = try ModelConfiguration.parse(
            text: "version_policy { all { } }\ninstance_group { count: 2 }name:'a'"
        )
        #expect(newer.changedFields(from: older) == ["instance_group"])
        #expect(newer.changedFields(from: .empty) == ["name", "instance_group", "version_policy"])
        #expect(newer.changedFields(from: newer).isEmpty)
    }

    @Test func `fifteen hundred files take a few milliseconds at most each`() throws {
        let text = Array(SampleConfiguration.handWritten.utf8)
        let clock = ContinuousClock()
        let time = try clock.measure {
            for _ in 0..<1_500 {
                _ = try ModelConfiguration.parse(text: text)
            }
        }
        // Optimised it is far below one millisecond each; without optimisation, on a busy machine, this must still hold.
        #expect(time < .seconds(15))
    }
}
