import Testing

@testable import ApusProtocol

/// The JSON form of `/config`.
struct ModelConfigurationJSONTests {
    /// The JSON of a text.
    private func json(_ text: String) throws -> String {
        String(decoding: try ModelConfiguration.parse(text: text).jsonBytes(), as: UTF8.self)
    }

    @Test func `a small configuration prints exactly as Triton does`() throws {
        let text = """
            name: "simple" backend: "onnxruntime" max_batch_size: 8
            input { name: "X" data_type: TYPE_INT32 dims: 16 }
            output { name: "Y" data_type: TYPE_STRING dims: [ -1, 4611686018427387904 ] }
            version_policy { latest { num_versions: 1 } }
            instance_group { name: "simple" count: 1 kind: KIND_CPU }
            parameters { key: "threads" value { string_value: "2" } }
            """
        let expected = """
            {"name":"simple","platform":"","backend":"onnxruntime","runtime":"",
            "version_policy":{"latest":{"num_versions":1}},"max_batch_size":8,
            "input":[{"name":"X","data_type":"TYPE_INT32","format":"FORMAT_NONE","dims":[16],"is_shape_tensor":false,
            "allow_ragged_batch":false,"optional":false,"is_non_linear_format_io":false}],
            "output":[{"name":"Y","data_type":"TYPE_STRING","dims":[-1,4611686018427387904],"label_filename":"",
            "is_shape_tensor":false,"is_non_linear_format_io":false}],
            "batch_input":[],"batch_output":[],
            "instance_group":[{"name":"simple","kind":"KIND_CPU","count":1,"gpus":[],"secondary_devices":[],
            "profile":[],"passive":false,"host_policy":""}],
            "default_model_filename":"","cc_model_filenames":{},"metric_tags":{},
            "parameters":{"threads":{"string_value":"2"}},"model_warmup":[]}
            """
        #expect(try json(text) == expected.split(separator: "\n").joined())
    }

    @Test func `an empty configuration prints its scalars, lists and maps`() throws {
        let expected = """
            {"name":"","platform":"","backend":"","runtime":"","max_batch_size":0,"input":[],"output":[],
            "batch_input":[],"batch_output":[],"instance_group":[],"default_model_filename":"",
            "cc_model_filenames":{},"metric_tags":{},"parameters":{},"model_warmup":[]}
            """
        #expect(try json("") == expected.split(separator: "\n").joined())
    }

    @Test func `members of a choice appear only when set and empty messages as empty objects`() throws {
        let text = "version_policy { all { } } model_warmup { inputs { key: 'x' value { zero_data: false } } }"
        let result = try json(text)
        #expect(result.contains(#""version_policy":{"all":{}}"#))
        #expect(
            result.contains(
                #""inputs":{"x":{"data_type":"TYPE_INVALID","dims":[],"zero_data":false}},"count":0}"#
            )
        )
        #expect(try json("version_policy { }").contains(#""version_policy":{}"#))
    }

    @Test func `whole numbers of sixty-four bits are numbers and map keys are strings`() throws {
        let result = try json(
            """
            dynamic_batching { max_queue_delay_microseconds: 18446744073709551615
              priority_queue_policy { key: 18446744073709551615 value { max_queue_size: 4294967295 } } }
            """
        )
        let expected = """
            "dynamic_batching":{"preferred_batch_size":[],"max_queue_delay_microseconds":18446744073709551615,
            "preserve_ordering":false,"priority_levels":0,"default_priority_level":0,
            "priority_queue_policy":{"18446744073709551615":{"timeout_action":"REJECT",
            "default_timeout_microseconds":0,"allow_timeout_override":false,"max_queue_size":4294967295}}}
            """
        #expect(result.contains(expected.split(separator: "\n").joined()), "\(result)")
    }

    @Test(
        arguments: [
            ("0", "0"), ("-0.0", "-0"), ("1", "1"), ("0.1", "0.1"), ("0.30000000000000004", "0.30000000000000004"),
            ("1e21", "1e+21"), ("1e-7", "1e-07"), ("-2.5", "-2.5"), ("inf", "\"Infinity\""), ("-inf", "\"-Infinity\""),
            ("nan", "\"NaN\""), ("123456789", "123456789"),
        ]
    )
    func `doubles print in the shortest form that reads back the same`(written: String, printed: String) throws {
        let text = "model_metrics { metric_control { histogram_options { buckets: \(written) } } }"
        #expect(try json(text).contains("\"buckets\":[\(printed)]"))
    }

    @Test func `floats print in the shortest form of thirty-two bits`() throws {
        let text = "sequence_batching { direct { minimum_slot_utilization: 0.1 } }"
        let printed =
            #""sequence_batching":{"direct":{"max_queue_delay_microseconds":0,"minimum_slot_utilization":0.1},"#
        #expect(try json(text).contains(printed))
    }

    @Test func `strings are escaped and stay UTF-8`() throws {
        #expect(
            try json(#"name: "\"\\/\b\f\n\r\t\001\x7fäöü\U0001F600""#)
                .contains(#"{"name":"\"\\/\u0008\u000c\n\r\t\u0001\u007fäöü😀","#)
        )
        #expect(try json(#"metric_tags { key: "a\"b" value: "" }"#).contains(#""metric_tags":{"a\"b":""}"#))
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("\u{FF}", "w78="),
    ])
    func `bytes print in base64`(text: String, encoded: String) {
        // No message of a configuration has bytes today, so the schema is made up.
        let schema = MessageSchema("Made", [FieldSchema("data", 1, .bytes)])
        var message = ModelConfigurationMessage(schema: schema)
        message.assign("data", .bytes(Array(text.utf8)))
        let printed = String(decoding: ModelConfigurationJSONWriter.bytes(of: message), as: UTF8.self)
        #expect(printed == #"{"data":"\#(encoded)"}"#)
    }
}
