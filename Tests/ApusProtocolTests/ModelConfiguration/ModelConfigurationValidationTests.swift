import Testing

@testable import ApusProtocol

/// The rules between fields.
struct ModelConfigurationValidationTests {
    /// The faults of a text, with their positions.
    private func faults(_ text: String, isComplete: Bool = false) throws -> [String] {
        try ModelConfiguration.parse(text: text).validate(isComplete: isComplete).map(\.description)
    }

    @Test(
        arguments: [
            ("max_batch_size: -1", "1:1: 'max_batch_size' is -1; "),
            ("version_policy { specific { } }", "1:1: 'version_policy.specific' names no version"),
            ("version_policy { specific { versions: [1, 0] } }", "1:43: version 0 cannot exist"),
            (
                "response_cache { enable: true } model_transaction_policy { decoupled: true }",
                "1:1: 'response_cache' cannot be used with 'model_transaction_policy.decoupled'"
            ),
            (
                "sequence_batching { } response_cache { enable: true }",
                "1:23: 'response_cache' cannot be used with 'sequence_batching'"
            ),
            (
                "max_batch_size: 8 dynamic_batching { preferred_batch_size: [4, 16] }",
                "1:64: 'dynamic_batching.preferred_batch_size' 16 exceeds 'max_batch_size' 8; write sizes from 1 to 8"
            ),
            (
                "max_batch_size: 0 dynamic_batching { preferred_batch_size: 1 }",
                "1:60: 'dynamic_batching.preferred_batch_size' 1 needs batching, but 'max_batch_size' is 0"
            ),
            (
                "dynamic_batching { preferred_batch_size: 0 }",
                "1:42: 'dynamic_batching.preferred_batch_size' 0 is no batch"
            ),
            (
                "max_batch_size: 2 sequence_batching { oldest { preferred_batch_size: 3 } }",
                "1:70: 'sequence_batching.oldest.preferred_batch_size' 3 exceeds 'max_batch_size' 2"
            ),
            (
                "dynamic_batching { priority_levels: 2 }",
                "1:20: 'dynamic_batching.default_priority_level' is 0; with 'priority_levels' 2 it must be from 1 to 2"
            ),
            (
                "dynamic_batching { priority_levels: 2 default_priority_level: 3 }",
                "1:39: 'dynamic_batching.default_priority_level' is 3"
            ),
            (
                """
                dynamic_batching { priority_levels: 2 default_priority_level: 1
                priority_queue_policy { key: 3 value { } } }
                """,
                "2:23: 'dynamic_batching.priority_queue_policy' has the key 3; with 'priority_levels' 2 keys go from 1 to 2"
            ),
            (
                "dynamic_batching { preserve_ordering: true } model_transaction_policy { decoupled: true }",
                "1:20: 'preserve_ordering' cannot be used with 'model_transaction_policy.decoupled'"
            ),
            (
                "dynamic_batching { preserve_ordering: true priority_levels: 2 default_priority_level: 1 }",
                "1:20: 'preserve_ordering' allows one priority level, but 'priority_levels' is 2"
            ),
            (
                """
                dynamic_batching { preserve_ordering: true
                default_queue_policy { default_timeout_microseconds: 1 timeout_action: DELAY } }
                """,
                "2:56: 'preserve_ordering' does not go with 'timeout_action: DELAY'"
            ),
            (
                "sequence_batching { direct { minimum_slot_utilization: 1.5 } }",
                "1:30: 'sequence_batching.direct.minimum_slot_utilization' is 1.5; "
            ),
            (
                "sequence_batching { direct { minimum_slot_utilization: nan } }",
                "1:30: 'sequence_batching.direct.minimum_slot_utilization' is nan; "
            ),
            (
                "sequence_batching { control_input { control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32 } } }",
                "1:77: CONTROL_SEQUENCE_CORRID has the data type TYPE_FP32; allowed are TYPE_UINT64, TYPE_INT64"
            ),
            (
                "sequence_batching { control_input { control { int32_false_true: [0] } } }",
                "1:45: CONTROL_SEQUENCE_START needs exactly one of int32_false_true, fp32_false_true and bool_false_true"
            ),
            ("instance_group { count: -1 }", "1:18: 'instance_group.count' is -1; "),
            (
                "instance_group { kind: KIND_CPU gpus: 0 }",
                "1:33: 'instance_group.gpus' names GPUs, but the kind is KIND_CPU"
            ),
            (
                "instance_group { kind: KIND_MODEL gpus: 0 }",
                "1:35: 'instance_group.gpus' names GPUs, but the kind is KIND_MODEL"
            ),
            ("instance_group { kind: KIND_GPU gpus: [0, -1] }", "1:43: GPU -1 cannot exist"),
        ]
    )
    func `a broken rule is reported with its place`(text: String, fault: String) throws {
        let found = try faults(text)
        #expect(found.count == 1 && found[0].hasPrefix(fault), "\(found)")
    }

    @Test(
        arguments: [
            ("input { name: 'a' dims: [1, 0] }", "1:29: input 'a' has 0 in 'dims'; write a number from 1, or -1"),
            ("output { name: 'a' dims: -2 }", "1:26: output 'a' has -2 in 'dims'"),
            ("input { name: 'a' } input { name: 'a' }", "1:29: input 'a' is there twice"),
            (
                "input { name: 'a' format: FORMAT_NHWC dims: [1, 2] }",
                "1:39: input 'a' has 2 dims, but FORMAT_NHWC needs 3 (without the batch)"
            ),
            (
                "input { name: 'a' format: FORMAT_NCHW dims: [1, 2, 3, 4] }",
                "1:39: input 'a' has 4 dims, but FORMAT_NCHW needs 3"
            ),
            (
                "input { name: 'a' dims: [2, 3] reshape { shape: [5] } }",
                "1:32: input 'a' cannot be reshaped from [2, 3] to [5]"
            ),
            (
                "input { name: 'a' dims: [2, -1, 6] reshape { shape: [-1, 12] } }",
                "1:36: input 'a' cannot be reshaped from [2, -1, 6] to [-1, 12]"
            ),
            (
                "input { name: 'a' dims: [-1] reshape { shape: [-1, -1] } }",
                "1:30: input 'a' cannot be reshaped from [-1] to [-1, -1]"
            ),
            ("input { name: 'a' dims: 2 reshape { } }", "1:27: input 'a' cannot be reshaped from [2] to []"),
            (
                "input { name: 'a' dims: [4294967296, 4294967296] }",
                "1:19: input 'a' has more elements in 'dims' than 64 bits can count"
            ),
        ]
    )
    func `a broken rule of a tensor is reported with its place`(text: String, fault: String) throws {
        let found = try faults(text)
        #expect(found.count == 1 && found[0].hasPrefix(fault), "\(found)")
    }

    @Test(
        arguments: [
            "input { name: 'a' dims: [2, 4, -1, 6] reshape { shape: [8, -1, 1, 6] } }",
            "input { name: 'a' dims: 1 reshape { } }",
            "input { name: 'a' dims: [-1, 3, 4] format: FORMAT_NHWC }",
            "input { name: 'a' format: FORMAT_NHWC }",
            "input { } input { }",
            "dynamic_batching { preferred_batch_size: 8 }",
            "dynamic_batching { preserve_ordering: true default_queue_policy { timeout_action: DELAY } }",
            "dynamic_batching { default_priority_level: 7 }",
            "sequence_batching { direct { minimum_slot_utilization: 1 } }",
            "sequence_batching { control_input { control [ { bool_false_true: [f, t] }, "
                + "{ kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } ] } }",
            "instance_group { kind: KIND_AUTO gpus: 0 }",
            "default_model_filename: 'a/b..c/..d'",
        ]
    )
    func `what is allowed is not reported`(text: String) throws {
        #expect(try faults(text).isEmpty)
    }

    @Test func `missing fields are faults only when nothing more will be filled in`() throws {
        let text = "input { dims: 1 } dynamic_batching { preferred_batch_size: 8 }"
        #expect(try faults(text).isEmpty)
        let found = try faults(text, isComplete: true)
        #expect(found.count == 5)
        #expect(found[0] == "'name' is missing; set it to the name of the model's folder")
        #expect(found[1] == "'backend' is missing; set it, for example to \"onnxruntime\"")
        #expect(found[2] == "1:7: an 'input' has no 'name'; give it the tensor's name")
        #expect(found[3] == "1:7: input '' has no 'data_type'; give it one, for example TYPE_FP32")
        #expect(found[4].hasPrefix("1:60: 'dynamic_batching.preferred_batch_size' 8 needs batching"))
    }

    @Test func `all faults are reported together`() throws {
        let text = """
            max_batch_size: -4
            input { name: "a" dims: [ 0, -5 ] }
            instance_group { kind: KIND_CPU gpus: 1 }
            """
        #expect(try faults(text).map { String($0.prefix(4)) } == ["1:1:", "2:27", "2:30", "3:33"])
    }

    @Test(
        arguments: [
            "default_model_filename: '/etc/passwd'", "default_model_filename: '../x'",
            "default_model_filename: 'a/../../x'", "default_model_filename: 'x/..'", "default_model_filename: 'a\\000'",
            "cc_model_filenames { key: '7.5' value: '../m' }", "output { label_filename: '../labels' }",
            "model_warmup { inputs { key: 'a' value { input_data_file: '/x' } } }",
            "sequence_batching { state { initial_state { data_file: '..' } } }",
        ]
    )
    func `file names that lead out of the folder are faults`(text: String) throws {
        let found = try faults(text)
        #expect(found.count == 1 && found[0].contains("which leads out of the model's folder"), "\(found)")
    }
}
