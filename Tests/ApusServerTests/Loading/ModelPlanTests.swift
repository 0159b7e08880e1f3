import ApusCore
import ApusEngine
import ApusModels
import ApusScheduling
import Testing

@testable import ApusServer

struct ModelPlanTests {
    private func plan(_ configuration: String) throws -> ModelPlan {
        let repository = Repository().add("m", configuration)
        repository.folder.write("m/labels.txt", "zero\none\n")
        return try ModelPlan(try #require(try repository.folder(of: "m")))
    }

    /// The words with which a configuration is refused.
    private func refusal(_ configuration: String) -> String? {
        let error = #expect(throws: ModelError.self) { try plan(configuration) }
        #expect(error?.code == .invalidConfiguration)
        return error?.message
    }

    @Test func `a model without a configuration is ONNX Runtime's, its highest version live`() throws {
        let repository = Repository()
        repository.folder.write("m/1/model.onnx", "not read")
        let plan = try ModelPlan(try #require(try repository.folder(of: "m")))
        #expect(!plan.isConfigured)
        #expect(plan.engineName == "onnxruntime")
        #expect(plan.versionPolicy == .latest(1))
        #expect(plan.ignoredFields.isEmpty)
    }

    @Test(arguments: [
        (#"backend: "builtin""#, "builtin"), (#"backend: "other""#, "other"), (#"platform: "builtin""#, "builtin"),
        (#"platform: "onnxruntime_onnx""#, "onnxruntime"), ("max_batch_size: 2", "onnxruntime"), ("", "onnxruntime"),
    ]) func `backend or platform choose the engine`(_ text: String, _ engine: String) throws {
        #expect(try plan(text).engineName == engine)
    }

    @Test func `the name must be the folder's or left out`() throws {
        #expect(try plan(#"name: "m""#).isConfigured)
        #expect(
            refusal(#"name: "other""#)
                == "m/config.pbtxt: name is 'other', but the model's folder is 'm'; make them equal or leave the name out"
        )
    }

    @Test func `a platform of another server is refused with what to do`() {
        #expect(
            refusal(#"platform: "tensorrt_plan""#)
                == "m/config.pbtxt: platform 'tensorrt_plan' is not one that this server has; "
                + "export the model to ONNX and write platform: \"onnxruntime_onnx\""
        )
    }

    @Test func `a fault of the text has its line and column`() {
        #expect(refusal("max_batch_size: 2\nbogus: 1")?.hasPrefix("m/config.pbtxt:2:") == true)
        #expect(refusal("max_batch_size: x")?.hasPrefix("m/config.pbtxt:1:") == true)
        #expect(refusal("input {")?.hasPrefix("m/config.pbtxt:") == true)
    }

    @Test func `all faults of the contents come together`() {
        let words = refusal("max_batch_size: -1\ninstance_group { count: -2 }")
        #expect(words?.split(separator: ";").filter { $0.contains("m/config.pbtxt:") }.count == 2)
    }

    @Test func `version policies are taken over`() throws {
        #expect(try plan("version_policy { latest { num_versions: 3 } }").versionPolicy == .latest(3))
        #expect(try plan("version_policy { all { } }").versionPolicy == .all)
        let specific = try plan("version_policy { specific { versions: [ 2, 5 ] } }").versionPolicy
        #expect(specific == .specific([ModelVersion(2), ModelVersion(5)].compactMap { $0 }))
    }

    @Test func `fields that are not acted on are listed, others not`() throws {
        let plan = try plan(
            """
            max_batch_size: 4
            input { name: "IN" data_type: TYPE_FP32 dims: [ 2 ] allow_ragged_batch: true }
            output { name: "OUT" data_type: TYPE_FP32 dims: [ 2 ] label_filename: "labels.txt" }
            instance_group { count: 2 kind: KIND_CPU }
            dynamic_batching { max_queue_delay_microseconds: 100 preserve_ordering: true }
            parameters { key: "k" value { string_value: "v" } }
            """
        )
        #expect(plan.ignoredFields == ["input.allow_ragged_batch"])
        #expect(plan.labels == ["OUT": ["zero", "one"]])
        for known in ["max_batch_size", "input.name", "input.dims", "instance_group.count", "parameters"] {
            #expect(!plan.ignoredFields.contains(known))
        }
    }

    @Test func `of sequences, what concerns devices and iteration is listed`() throws {
        let plan = try plan(
            """
            max_batch_size: 4
            model_transaction_policy { decoupled: false }
            sequence_batching {
              max_sequence_idle_microseconds: 5
              control_input { name: "S" control { kind: CONTROL_SEQUENCE_START fp32_false_true: [ 0, 1 ] } }
              oldest { max_candidate_sequences: 2 preferred_batch_size: 2 preserve_ordering: true }
              state {
                input_name: "I" output_name: "O" data_type: TYPE_FP32 dims: [ 1 ] use_growable_memory: true
                initial_state { data_type: TYPE_FP32 dims: [ 1 ] zero_data: true name: "n" }
              }
              iterative_sequence: false
            }
            """
        )
        #expect(
            Set(plan.ignoredFields) == [
                "sequence_batching.state.use_growable_memory", "sequence_batching.iterative_sequence",
            ]
        )
    }

    @Test func `a warm-up counts for models with one answer to a request`() throws {
        let warmUp = #"model_warmup { name: "w" batch_size: 1 }"#
        #expect(try plan(warmUp).ignoredFields.isEmpty)
        let decoupled = "model_transaction_policy { decoupled: true } \(warmUp)"
        #expect(try plan(decoupled).ignoredFields.contains { $0.hasPrefix("model_warmup") })
        let level = "dynamic_batching { default_priority_level: 3 }"
        #expect(try plan(level).ignoredFields == ["dynamic_batching.default_priority_level"])
    }

    @Test func `a model's priority is what apus.yaml says, else what the configuration says`() throws {
        #expect(try plan("").priority == .normal)
        #expect(try plan("optimization { priority: PRIORITY_MAX }").priority == .high)
        #expect(try plan("optimization { priority: PRIORITY_MIN }").priority == .low)
        let repository = Repository().add("m", "optimization { priority: PRIORITY_MAX }")
        repository.folder.write("m/apus.yaml", "scheduling:\n  priority: low\n")
        #expect(try ModelPlan(try #require(try repository.folder(of: "m"))).priority == .low)
    }

    @Test func `instances are placed on the devices that their groups name`() throws {
        func places(_ text: String) throws -> [InstancePlan.Place] {
            try InstancePlan(try plan(text).configuration, defaultCount: 3, place: "m").places
        }
        #expect(try places("") == [.init(device: .standard, count: 3)])
        #expect(try places("instance_group { count: 2 kind: KIND_CPU }") == [.init(device: .standard, count: 2)])
        #expect(
            try places("instance_group { count: 2 kind: KIND_GPU gpus: [ 0, 1 ] } instance_group { kind: KIND_CPU }")
                == [
                    .init(device: .gpu(0), count: 2), .init(device: .gpu(1), count: 2),
                    .init(device: .standard, count: 1),
                ]
        )
        #expect(try places("instance_group { kind: KIND_GPU }") == [.init(device: .gpu(0), count: 1)])
        #expect(try places("instance_group { gpus: [ 3 ] }") == [.init(device: .gpu(3), count: 1)])
        #expect(throws: ModelError.self) { try places("instance_group { count: 600 kind: KIND_GPU gpus: [ 0, 1 ] }") }
    }

    @Test func `a configuration that is too large is refused`() {
        let words = #expect(throws: ModelError.self) {
            try plan(String(repeating: "# comment\n", count: 110_000))
        }
        #expect(words?.message.contains("1048576") == true)
    }
}
