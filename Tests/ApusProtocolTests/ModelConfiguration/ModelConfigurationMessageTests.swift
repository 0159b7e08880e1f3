import Testing

@testable import ApusProtocol

/// Checking a text against the schema.
struct ModelConfigurationMessageTests {
    /// A text and the error that it must give.
    struct Fault: Sendable {
        let text: String
        let code: ModelConfigurationError.Code
        let error: String

        init(_ text: String, _ code: ModelConfigurationError.Code, _ error: String) {
            self.text = text
            self.code = code
            self.error = error
        }
    }

    /// The message that a text makes up.
    private func message(_ text: String) throws -> ModelConfigurationMessage {
        try ModelConfiguration.parse(text: text).message
    }

    @Test(
        arguments: [
            Fault("nmae: 'x'", .unknownField, "1:1: a model configuration has no field 'nmae'; did you mean 'name'?"),
            Fault(
                "maxBatchSize: 1",
                .unknownField,
                "1:1: a model configuration has no field 'maxBatchSize'; did you mean 'max_batch_size'?"
            ),
            Fault("input { dim: 1 }", .unknownField, "1:9: 'input' has no field 'dim'; did you mean 'dims'?"),
            Fault(
                "model_operations { zzz: 1 }",
                .unknownField,
                "1:20: 'model_operations' has no field 'zzz'; its fields are op_library_filename"
            ),
            Fault(
                "version_policy { all { x: 1 } }",
                .unknownField,
                "1:24: 'version_policy.all' has no field 'x'; it has no fields"
            ),
            Fault(
                "parameters { key: 'a' values { } }",
                .unknownField,
                "1:23: 'parameters' has no field 'values'; did you mean 'value'?"
            ),
            Fault(
                "name: 'a'\nname: 'a'",
                .duplicateField,
                "2:1: 'name' is already set at 1:1 and takes one value; remove one of the two"
            ),
            Fault(
                "optimization { graph { } graph { } }",
                .duplicateField,
                "1:26: 'optimization.graph' is already set at 1:16 and takes one value; remove one of the two"
            ),
            Fault(
                "metric_tags { key: 'a' key: 'b' }",
                .duplicateField,
                "1:24: 'metric_tags.key' is already set at 1:15 and takes one value; remove one of the two"
            ),
            Fault(
                "dynamic_batching { } sequence_batching { }",
                .conflictingFields,
                "1:22: only one of scheduling_choice may be set: found 'sequence_batching', "
                    + "but 'dynamic_batching' is set at 1:1; remove one of the two"
            ),
            Fault(
                "version_policy { latest { } all { } }",
                .conflictingFields,
                "1:29: only one of policy_choice may be set: found 'all', but 'latest' is set at 1:18; "
                    + "remove one of the two"
            ),
            Fault("name: ['a']", .wrongType, "1:1: 'name' takes one value, found a list; remove the square brackets"),
            Fault("name: []", .wrongType, "1:1: 'name' takes one value, found a list; remove the square brackets"),
            Fault("name: a", .wrongType, "1:7: 'name' takes a string, found 'a'; put it in quotes"),
            Fault(
                "max_batch_size: '8'",
                .wrongType,
                "1:17: 'max_batch_size' takes a whole number, found the string '8'; "
                    + "write it without quotes, fraction or exponent"
            ),
            Fault(
                "max_batch_size: 8.0",
                .wrongType,
                "1:17: 'max_batch_size' takes a whole number, found the number '8.0'; "
                    + "write it without quotes, fraction or exponent"
            ),
            Fault("input: 1", .wrongType, "1:8: 'input' takes a message, found the number '1'; write input { … }"),
            Fault(
                "response_cache { enable: 2 }",
                .wrongType,
                "1:26: 'response_cache.enable' takes true or false, found the number '2'; "
                    + "write it without quotes; t, f, 1 and 0 are allowed too"
            ),
            Fault(
                "response_cache { enable: -1 }",
                .wrongType,
                "1:26: 'response_cache.enable' takes true or false, found the number '-1'; "
                    + "write it without quotes; t, f, 1 and 0 are allowed too"
            ),
            Fault(
                "parameters: 'x'",
                .wrongType,
                "1:13: 'parameters' is a map, found the string 'x'; write parameters { key: … value: … }"
            ),
            Fault(
                "sequence_batching { direct { minimum_slot_utilization: 0x1 } }",
                .wrongType,
                "1:56: 'sequence_batching.direct.minimum_slot_utilization' takes a number, found the number '0x1'; "
                    + "write it in decimal and without quotes, for example 0.5"
            ),
            Fault(
                "sequence_batching { direct { minimum_slot_utilization: 1e39 } }",
                .outOfRange,
                "1:56: 'sequence_batching.direct.minimum_slot_utilization' takes numbers from "
                    + "-3.4028235e+38 to 3.4028235e+38, found the number '1.0e39'"
            ),
            Fault(
                "max_batch_size: 2147483648",
                .outOfRange,
                "1:17: 'max_batch_size' takes numbers from -2147483648 to 2147483647, found the number '2147483648'"
            ),
            Fault(
                "model_warmup { count: -1 }",
                .outOfRange,
                "1:23: 'model_warmup.count' takes numbers from 0 to 4294967295, found the number '-1'"
            ),
            Fault(
                "dynamic_batching { max_queue_delay_microseconds: 18446744073709551616 }",
                .outOfRange,
                "1:50: 'dynamic_batching.max_queue_delay_microseconds' takes numbers from 0 to 18446744073709551615, "
                    + "found the number '18446744073709551616'"
            ),
            Fault(
                "instance_group { kind: KIND_CPUS }",
                .unknownEnumerationValue,
                "1:24: 'instance_group.kind' has no value 'KIND_CPUS'; did you mean KIND_CPU? "
                    + "allowed are KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL"
            ),
            Fault(
                "instance_group { kind: 4 }",
                .unknownEnumerationValue,
                "1:24: 'instance_group.kind' has no value the number '4'; "
                    + "allowed are KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL"
            ),
            Fault(
                "instance_group { kind: 'KIND_CPU' }",
                .wrongType,
                "1:24: 'instance_group.kind' takes one of KIND_AUTO, KIND_GPU, KIND_CPU, KIND_MODEL, "
                    + "found the string 'KIND_CPU'; write it without quotes"
            ),
        ]
    )
    func `a text that does not suit the schema says where and what to do`(fault: Fault) {
        let error = #expect(throws: ModelConfigurationError.self) { try ModelConfiguration.parse(text: fault.text) }
        #expect(error?.description == fault.error)
        #expect(error?.code == fault.code)
    }

    @Test func `integers take all notations and both ends of their range`() throws {
        let text = "input { dims: [10, 0x10, 010, -1, 9223372036854775807, -9223372036854775808, -0x8000000000000000] }"
        let dims = try message(text).messages("input")[0].signedNumbers("dims")
        #expect(dims == [10, 16, 8, -1, .max, .min, .min])
        #expect(try message("max_batch_size: -2147483648").signed("max_batch_size") == -2_147_483_648)
        let delay = "dynamic_batching { max_queue_delay_microseconds: 0xFFFFFFFFFFFFFFFF }"
        #expect(try message(delay).message("dynamic_batching")?.unsigned("max_queue_delay_microseconds") == .max)
    }

    @Test(
        arguments: [
            ("true", true), ("True", true), ("t", true), ("1", true), ("0x1", true),
            ("false", false), ("False", false), ("f", false), ("0", false),
        ]
    )
    func `truth values have all spellings of protobuf`(spelling: String, value: Bool) throws {
        let cache = try message("response_cache { enable: \(spelling) }").message("response_cache")
        #expect(cache?.boolean("enable") == value)
        #expect(cache?.isSet("enable") == true)
    }

    @Test(
        arguments: [
            ("0.5", 0.5), ("1", 1), ("-1.5e-3", -1.5e-3), (".25", 0.25), ("3.", 3), ("2f", 2), ("inf", .infinity),
            ("-Infinity", -.infinity), ("1e400", nil), ("007", nil), ("x", nil), ("'1'", nil),
        ] as [(String, Double?)]
    )
    func `floating-point numbers have all spellings of protobuf`(spelling: String, value: Double?) throws {
        let text = "model_metrics { metric_control { histogram_options { buckets: [\(spelling)] } } }"
        guard let value else {
            #expect(throws: ModelConfigurationError.self) { try message(text) }
            return
        }
        let control = try message(text).message("model_metrics")?.messages("metric_control").first
        #expect(control?.message("histogram_options")?.doubles("buckets") == [value])
    }

    @Test func `not a number is a floating-point number`() throws {
        let text = "sequence_batching { direct { minimum_slot_utilization: nan } }"
        let direct = try message(text).message("sequence_batching")?.message("direct")
        #expect(direct?.double("minimum_slot_utilization").isNaN == true)
    }

    @Test func `enumerations are given by name or by number`() throws {
        let groups = try message("instance_group [ { kind: KIND_CPU }, { kind: 3 }, { kind: 0x1 }, { kind: -0 }, {} ]")
            .messages("instance_group")
        #expect(
            groups.map { $0.enumeration("kind")?.name }
                == ["KIND_CPU", "KIND_MODEL", "KIND_GPU", "KIND_AUTO", "KIND_AUTO"]
        )
    }

    @Test func `lists and single lines of a repeated field add up in order`() throws {
        let dims = try message("input { dims: 1 dims: [2, 3] dims: [] dims: 4 }").messages("input")[0]
        #expect(dims.signedNumbers("dims") == [1, 2, 3, 4])
        #expect(dims.position(of: "dims") == TextPosition(line: 1, column: 9))
        #expect(dims.field("dims")?.elements.map { $0.position?.column } == [15, 24, 27, 45])
    }

    @Test func `the last entry of a map wins and keeps the place of the first`() throws {
        let tags = try message(
            "metric_tags { key: 'a' value: '1' } metric_tags [ { key: 'b' value: '2' }, { value: '3' key: 'a' } ]"
        )
        #expect(tags.stringMap("metric_tags") == ["a": "3", "b": "2"])
        #expect(tags.field("metric_tags")?.elements.map(\.key) == ["a", "b"])
    }

    @Test func `a map entry may lack its key or its value`() throws {
        #expect(try message("metric_tags { key: 'a' }").stringMap("metric_tags") == ["a": ""])
        #expect(try message("metric_tags { value: 'v' }").stringMap("metric_tags") == ["": "v"])
        let parameters = try message("parameters { key: 'a' }").messageMap("parameters")
        #expect(parameters["a"]?.string("string_value").isEmpty == true)
        let policies = try message("dynamic_batching { priority_queue_policy { value { } } }")
        #expect(policies.message("dynamic_batching")?.messageMap("priority_queue_policy").keys.first == "0")
    }

    @Test func `fields that are not set read as their defaults`() throws {
        let empty = try message("")
        #expect(empty.string("name").isEmpty)
        #expect(empty.signed("max_batch_size") == 0)
        #expect(empty.message("optimization") == nil)
        #expect(empty.messages("input").isEmpty)
        #expect(empty.stringMap("metric_tags").isEmpty)
        #expect(empty.enumeration("name") == nil)
        #expect(empty.isSet("no_such_field") == false)
        #expect(empty.setFields.isEmpty)
    }

    @Test func `where a value stands does not count when messages are compared`() throws {
        #expect(try message("name: 'a' input { dims: 1 }") == message("\n\ninput: [ { dims: [1] } ] name: \"a\""))
        #expect(try message("name: 'a'") != message("name: 'b'"))
        #expect(try message("name: ''") != message(""))
    }
}
