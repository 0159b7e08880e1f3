import Testing

@testable import ApusProtocol

/// The table of messages.
struct ModelConfigurationSchemaTests {
    /// Every message that can be reached from the outermost one, with the path that leads there.
    private func allMessages() -> [(path: String, schema: MessageSchema)] {
        var result: [(path: String, schema: MessageSchema)] = [("", ModelConfigurationSchema.modelConfig)]
        var index = 0
        while index < result.count {
            let (path, schema) = result[index]
            for field in schema.fields {
                guard case .message(let inner) = field.kind else { continue }
                result.append((path + "." + field.name, inner))
            }
            index += 1
        }
        return result
    }

    @Test func `names and numbers are unique in each message`() {
        for (path, schema) in allMessages() {
            #expect(Set(schema.fields.map(\.name)).count == schema.fields.count, "\(path)")
            #expect(Set(schema.fields.map(\.number)).count == schema.fields.count, "\(path)")
            #expect(schema.fields.allSatisfy { schema.field(named: $0.name)?.number == $0.number }, "\(path)")
        }
    }

    @Test func `members of a choice are singular`() {
        for (path, schema) in allMessages() {
            for field in schema.fields where field.oneof != nil {
                guard case .singular = field.cardinality else {
                    Issue.record("\(path).\(field.name)")
                    continue
                }
            }
        }
    }

    @Test func `the outermost message has the numbers of the contract`() {
        let numbers = Dictionary(
            uniqueKeysWithValues: ModelConfigurationSchema.modelConfig.fields.map { ($0.name, $0.number) }
        )
        let expected = [
            "name": 1, "platform": 2, "version_policy": 3, "max_batch_size": 4, "input": 5, "output": 6,
            "instance_group": 7, "default_model_filename": 8, "cc_model_filenames": 9, "metric_tags": 10,
            "dynamic_batching": 11, "optimization": 12, "sequence_batching": 13, "parameters": 14,
            "ensemble_scheduling": 15, "model_warmup": 16, "backend": 17, "model_operations": 18,
            "model_transaction_policy": 19, "batch_input": 20, "batch_output": 21, "model_repository_agents": 23,
            "response_cache": 24, "runtime": 25, "model_metrics": 26,
        ]
        #expect(numbers == expected)
    }

    @Test func `the fields of sixty-four bits are those that Triton prints as numbers`() {
        var paths: Set<String> = []
        for (path, schema) in allMessages() {
            for field in schema.fields {
                switch field.kind {
                case .int64, .uint64: paths.insert(String((path + "." + field.name).dropFirst()))
                default: break
                }
            }
        }
        let expected: Set = [
            "input.dims", "input.reshape.shape", "output.dims", "output.reshape.shape",
            "version_policy.specific.versions", "dynamic_batching.max_queue_delay_microseconds",
            "dynamic_batching.default_queue_policy.default_timeout_microseconds",
            "dynamic_batching.priority_queue_policy.default_timeout_microseconds", "dynamic_batching.priority_levels",
            "dynamic_batching.default_priority_level", "sequence_batching.direct.max_queue_delay_microseconds",
            "sequence_batching.state.dims", "sequence_batching.state.initial_state.dims",
            "sequence_batching.oldest.max_queue_delay_microseconds", "sequence_batching.max_sequence_idle_microseconds",
            "ensemble_scheduling.step.model_version", "model_warmup.inputs.dims",
            "optimization.cuda.graph_spec.input.dim",
            "optimization.cuda.graph_spec.graph_lower_bound.input.dim", "instance_group.secondary_devices.device_id",
        ]
        #expect(paths == expected)
    }

    @Test func `every data type has its name in both worlds`() {
        #expect(ModelConfigurationSchema.dataType.members.count == ConfiguredDataType.allCases.count)
        for type in ConfiguredDataType.allCases {
            let member = ModelConfigurationSchema.dataType.member(numbered: Int64(type.rawValue))
            #expect(member?.name == type.configurationName)
            #expect(ConfiguredDataType(v2Name: type.v2Name) == (type == .invalid ? nil : type))
        }
        #expect(ConfiguredDataType.string.v2Name == "BYTES")
        #expect(ConfiguredDataType(v2Name: "STRING") == nil)
    }
}
