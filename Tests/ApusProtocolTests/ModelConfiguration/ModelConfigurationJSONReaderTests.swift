import Testing

@testable import ApusProtocol

struct ModelConfigurationJSONReaderTests {
    private func refusal(_ json: String) -> String? {
        do throws(ModelConfigurationError) {
            _ = try ModelConfiguration.parse(json: json)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `what is written is read back`() throws {
        let text = """
            name: "m" platform: "onnxruntime_onnx" max_batch_size: 8
            input [ { name: "a" data_type: TYPE_FP32 dims: [ -1, 4 ] }, { name: "b" data_type: TYPE_STRING dims: 1 } ]
            output { name: "c" data_type: TYPE_INT64 dims: [ 2 ] label_filename: "words.txt" reshape { shape: [ 1, 2 ] } }
            version_policy { specific { versions: [ 1, 3 ] } }
            instance_group [ { count: 2 kind: KIND_CPU }, { kind: KIND_GPU gpus: [ 0, 1 ] } ]
            dynamic_batching {
              preferred_batch_size: [ 2, 4 ] max_queue_delay_microseconds: 100 priority_levels: 2
              default_priority_level: 1
              priority_queue_policy { key: 2 value { timeout_action: DELAY max_queue_size: 3 } }
            }
            parameters { key: "k" value { string_value: "v \\"quoted\\"" } }
            parameters { key: "l" value { string_value: "" } }
            metric_tags { key: "team" value: "blue" }
            response_cache { enable: true }
            """
        let written = try ModelConfiguration.parse(text: text)
        let json = String(decoding: written.jsonBytes(), as: UTF8.self)
        let read = try ModelConfiguration.parse(json: json)
        #expect(String(decoding: read.jsonBytes(), as: UTF8.self) == json)
        #expect(read.inputs == written.inputs && read.outputs == written.outputs)
        #expect(read.versionPolicy == written.versionPolicy)
        #expect(read.instanceGroups == written.instanceGroups)
        #expect(read.dynamicBatching == written.dynamicBatching)
        #expect(read.parameters == written.parameters && read.metricTags == written.metricTags)
        #expect(read.responseCacheEnabled)
    }

    @Test func `names may be in camel case, members in any case, numbers in quotes, and null is nothing`() throws {
        let json = """
            {"maxBatchSize": 4, "backend": null, "instance_group": [{"count": 2.0, "kind": "kind_cpu"}],
             "versionPolicy": {"latest": {"num_versions": "3"}},
             "dynamic_batching": {"max_queue_delay_microseconds": "250", "preserve_ordering": true},
             "input": [{"name": "a", "data_type": 11, "dims": ["-1"]}]}
            """
        let read = try ModelConfiguration.parse(json: json)
        #expect(read.maxBatchSize == 4)
        #expect(read.instanceGroups.first?.count == 2)
        #expect(read.versionPolicy == .latest(3))
        #expect(read.dynamicBatching?.maxQueueDelay == .microseconds(250))
        #expect(read.inputs.first?.dims == [-1])
        #expect(read.inputs.first?.dataType == ConfiguredDataType.fp32)
    }

    @Test(arguments: [
        ("", "isn't readable as a JSON object"), ("[]", "isn't readable as a JSON object"),
        (#"{"max_batch_sise": 1}"#, "did you mean 'max_batch_size'?"),
        (#"{"input": [{"nam": "a"}]}"#, "did you mean 'name'?"),
        (#"{"max_batch_size": "many"}"#, "'max_batch_size' takes a whole number"),
        (#"{"max_batch_size": 99999999999}"#, "'max_batch_size'"), (#"{"max_batch_size": 1.5}"#, "'max_batch_size'"),
        (#"{"max_batch_size": true}"#, "'max_batch_size' takes a number, found true or false"),
        (#"{"input": {"name": "a"}}"#, "'input' takes an array, found an object"),
        (#"{"input": ["a"]}"#, "'input' takes an object, found a string"),
        (#"{"parameters": []}"#, "'parameters' takes an object, found an array"),
        (#"{"name": 1}"#, "'name' takes a string, found a number"),
        (#"{"instance_group": [{"kind": "KIND_TPU"}]}"#, "KIND_TPU"),
        (#"{"response_cache": {"enable": "yes"}}"#, "'response_cache.enable' takes true or false"),
        (#"{"max_batch_size": 1, "max_batch_size": 2}"#, "'max_batch_size' is already set"),
        (#"{"version_policy": {"latest": {}, "all": {}}}"#, "only one of"),
    ]) func `what is wrong is refused with its place`(_ json: String, _ words: String) {
        #expect(refusal(json)?.contains(words) == true, "\(refusal(json) ?? "accepted")")
    }
}
