/// Configurations that people really write, for tests that need a large or a typical one.
enum SampleConfiguration {
    /// A vision model in the style of hand-written files: no colon before braces, one field a line.
    static let handWritten = """
        # ResNet for the shop window
        name: "resnet50"
        platform: "onnxruntime_onnx"   # the older way
        max_batch_size: 32
        input [
          {
            name: "pixels"
            data_type: TYPE_FP32
            format: FORMAT_NCHW
            dims: [ 3, 224, 224 ]
          },
          { name: "mask" data_type: TYPE_BOOL dims: [ -1 ] optional: true allow_ragged_batch: true }
        ]
        output {
          name: "classes"
          data_type: TYPE_STRING
          dims: 1000
          reshape { shape: [ 10, 100 ] }
          label_filename: 'labels.txt'
        }
        version_policy { specific { versions: 3 versions: 5 } }
        instance_group [ { count: 2 kind: KIND_CPU } , { count: 1 kind: KIND_GPU gpus: [ 0, 1 ] } ]
        dynamic_batching {
          preferred_batch_size: [ 8, 16 ]
          max_queue_delay_microseconds: 500
          priority_levels: 2
          default_priority_level: 2
          default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 10000 max_queue_size: 64 }
          priority_queue_policy { key: 1 value { allow_timeout_override: true } }
        }
        optimization { graph { level: -1 }
          execution_accelerators { cpu_execution_accelerator { name: "openvino"
            parameters { key: "precision" value: "FP32" } } } }
        parameters { key: "intra_op_thread_count" value { string_value: "4" } }
        parameters { key: "execution_mode" value { string_value: "0" } }
        metric_tags { key: "team" value: "vision" }
        default_model_filename: "resnet50" ".onnx"
        model_warmup {
          name: "one zero image"
          batch_size: 1
          inputs { key: "pixels" value { data_type: TYPE_FP32 dims: [ 3, 224, 224 ] zero_data: true } }
        }
        response_cache { enable: true }
        model_transaction_policy { decoupled: false }

        """

    /// The same configuration as tools print it: a colon before each brace, repeated fields one by one.
    static let toolWritten = """
        name: "resnet50";platform: "onnxruntime_onnx";max_batch_size: 0x20;
        input: < name: "pixels", data_type: 11, format: 2, dims: 3, dims: 0340, dims: 0xE0 >
        input: { name: "mask"; data_type: TYPE_BOOL; dims: -1; optional: t; allow_ragged_batch: 1 }
        output: [ { name: "classes" data_type: TYPE_STRING dims: [ 1000 ] reshape: { shape: 10 shape: 100 }
          label_filename: "labels\\x2etxt" } ]
        version_policy: { specific: { versions: [ 3, 5 ] } }
        instance_group: { count: 2 kind: 2 }
        instance_group: { count: 1 kind: KIND_GPU gpus: 0 gpus: 1 }
        dynamic_batching: {
          preferred_batch_size: 8
          preferred_batch_size: 16
          max_queue_delay_microseconds: 500
          priority_levels: 2
          default_priority_level: 2
          default_queue_policy: { timeout_action: 1 default_timeout_microseconds: 10000 max_queue_size: 64 }
          priority_queue_policy: [ { key: 1, value: { allow_timeout_override: True } } ]
        }
        optimization: { graph: { level: -1 } execution_accelerators: { cpu_execution_accelerator: [ {
          name: "openvino" parameters: { key: "precision" value: "FP32" } } ] } }
        parameters: { key: "intra_op_thread_count" value: { string_value: "4" } }
        parameters: { key: "execution_mode" value: { string_value: "0" } }
        metric_tags: { key: "team" value: "vision" }
        default_model_filename: "resnet50.onnx"
        model_warmup: [ { name: "one zero image" batch_size: 1
          inputs: [ { key: "pixels" value: { data_type: TYPE_FP32 dims: [ 3, 224, 224 ] zero_data: true } } ] } ]
        response_cache: { enable: true }
        model_transaction_policy: { decoupled: f }
        """

    /// A little of everything in few bytes, for tests that change each of them.
    static let compact = #"""
        name:"a\x2eb" "\u00e4";#c
        max_batch_size:0x8 input<name:'i',data_type:11 dims:[-1,010]reshape{shape:[1,-1,8]}>
        output:[{name:"o"data_type:TYPE_BF16 dims:2 label_filename:"l"}]
        version_policy{latest{num_versions:2}}instance_group{kind:KIND_CPU count:2}
        sequence_batching:{direct{minimum_slot_utilization:.5e0}control_input{control{bool_false_true:[f,1]}}}
        parameters{key:"k"value{string_value:"v"}}metric_tags[{key:"t"}]response_cache{enable:0}
        """#

    /// An ensemble of two models, one after the other.
    static let ensemble = """
        name: "pipeline" platform: "ensemble" max_batch_size: 4
        input { name: "TEXT" data_type: TYPE_STRING dims: [ 1 ] }
        output { name: "SCORE" data_type: TYPE_FP32 dims: [ 2 ] }
        ensemble_scheduling {
          step [
            { model_name: "tokenizer" model_version: -1
              input_map { key: "text" value: "TEXT" }
              output_map { key: "ids" value: "tokens" } },
            { model_name: "classifier" model_version: 3
              input_map { key: "input_ids" value: "tokens" }
              output_map { key: "logits" value: "SCORE" } }
          ]
        }
        """
}
