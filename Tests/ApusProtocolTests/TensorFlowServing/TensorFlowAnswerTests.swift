import ApusCore
import ApusProtocol
import Testing

/// Answers of TensorFlow Serving's: their exact text, and that they never take more room than was measured out.
struct TensorFlowAnswerTests {
    private static func tensor<Element: BitwiseCopyable>(
        _ name: String,
        _ type: DataType,
        _ shape: [Int],
        _ elements: [Element]
    ) -> NamedTensor {
        let flat = Tensor(type, elements)
        return NamedTensor(
            name: name,
            tensor: Tensor(dataType: type, shape: TensorShape(shape)!, storage: flat.storage)
        )
    }

    private static func texts(_ name: String, _ shape: [Int], _ elements: [[UInt8]]) -> NamedTensor {
        let flat = Tensor(strings: elements)
        return NamedTensor(
            name: name,
            tensor: Tensor(dataType: .bytes, shape: TensorShape(shape)!, storage: flat.storage)
        )
    }

    private static func predict(
        _ outputs: [NamedTensor],
        _ form: TensorFlowPredictForm,
        maxBytes: Int = 1 << 20
    ) throws(InferenceError) -> String {
        let encoder = try TensorFlowPredictEncoder(outputs: outputs, form: form, maxBytes: maxBytes)
        return written(atMost: encoder.bound) { encoder.write(into: &$0) }
    }

    private static func written(atMost bound: Int, _ write: (inout OutputRawSpan) -> Void) -> String {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bound, alignment: 16)
        defer { unsafe memory.deallocate() }
        var span = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        write(&span)
        let count = unsafe span.finalize(for: memory)
        return unsafe String(decoding: memory[..<count], as: UTF8.self)
    }

    @Test func `one output is a list, several are objects`() throws {
        let y = Self.tensor("y", .fp32, [2, 2], [1, 0.1, .nan, -.infinity] as [Float])
        let n = Self.tensor("n", .int64, [2], [3, -4] as [Int64])
        #expect(try Self.predict([y], .rows) == #"{"predictions":[[1.0,0.1],[NaN,-Infinity]]}"#)
        #expect(try Self.predict([y], .columns) == #"{"outputs":[[1.0,0.1],[NaN,-Infinity]]}"#)
        #expect(
            try Self.predict([y, n], .rows)
                == #"{"predictions":[{"y":[1.0,0.1],"n":3},{"y":[NaN,-Infinity],"n":-4}]}"#
        )
        #expect(try Self.predict([y, n], .columns) == #"{"outputs":{"y":[[1.0,0.1],[NaN,-Infinity]],"n":[3,-4]}}"#)
    }

    @Test func `scalars, empty tensors and flags`() throws {
        let scalar = Self.tensor("s", .fp64, [], [2] as [Double])
        #expect(try Self.predict([scalar], .columns) == #"{"outputs":2.0}"#)
        let empty = Self.tensor("e", .uint8, [2, 0, 3], [] as [UInt8])
        #expect(try Self.predict([empty], .columns) == #"{"outputs":[[],[]]}"#)
        #expect(try Self.predict([empty], .rows) == #"{"predictions":[[],[]]}"#)
        let flags = Self.tensor("b", .bool, [1, 2], [1, 0] as [UInt8])
        #expect(try Self.predict([flags], .rows) == #"{"predictions":[[true,false]]}"#)
        let none = Self.tensor("z", .fp32, [0], [] as [Float])
        #expect(try Self.predict([none], .rows) == #"{"predictions":[]}"#)
        #expect(try Self.predict([], .columns) == #"{"outputs":{}}"#)
    }

    @Test func `text is a string, and base64 where the name says bytes`() throws {
        let elements: [[UInt8]] = [Array("a\"é".utf8), [], [1], Array("xyz".utf8)]
        let text = Self.texts("t", [2, 2], elements)
        #expect(try Self.predict([text], .rows) == #"{"predictions":[["a\"é",""],["\u0001","xyz"]]}"#)
        let bytes = Self.texts("t_bytes", [4], [[255, 254], [], [1], [250, 251, 252]])
        #expect(
            try Self.predict([bytes], .columns)
                == #"{"outputs":[{"b64":"//4="},{"b64":""},{"b64":"AQ=="},{"b64":"+vv8"}]}"#
        )
        let broken = Self.texts("t", [2], [[65], [0xc3]])
        let error = #expect(throws: InferenceError.self) { try Self.predict([broken], .rows) }
        #expect(error?.message == "output 't' can't be given as a JSON string: element 1 is not UTF-8")
    }

    @Test func `rows must be the same in all outputs`() throws {
        let two = Self.tensor("a", .fp32, [2], [1, 2] as [Float])
        let three = Self.tensor("b", .fp32, [3], [1, 2, 3] as [Float])
        let scalar = Self.tensor("c", .fp32, [], [1] as [Float])
        let unequal = #expect(throws: InferenceError.self) { try Self.predict([two, three], .rows) }
        #expect(unequal?.message == "Tensor name: b has inconsistent batch size: 3 expecting: 2")
        let none = #expect(throws: InferenceError.self) { try Self.predict([scalar], .rows) }
        #expect(none?.message == "Tensor name: c has no shape information")
        #expect(none?.code == .invalidArgument)
        #expect(try Self.predict([two, three], .columns).hasPrefix(#"{"outputs":{"a":"#))
    }

    @Test func `an answer that might be too large is refused before it is written`() throws {
        let y = Self.tensor("y", .fp32, [2], [1, 2] as [Float])
        let error = #expect(throws: InferenceError.self) { try Self.predict([y], .rows, maxBytes: 80) }
        #expect(error?.code == .tooLarge)
        // Brackets count too, also where there is no element.
        let brackets = Self.tensor("y", .fp32, [1 << 40, 0], [] as [Float])
        #expect(throws: InferenceError.self) { try Self.predict([brackets], .columns) }
        let overflow = Self.tensor("y", .fp32, [1 << 62, 0], [] as [Float])
        #expect(throws: InferenceError.self) { try Self.predict([overflow], .rows, maxBytes: .max - 1) }
    }

    @Test func `the widest elements fit what was measured out`() throws {
        let wide = Self.tensor(
            "y",
            .fp64,
            [3, 1, 1],
            [-Double.leastNonzeroMagnitude, -1.7976931348623157e308, -1.2345678901234567e-300]
        )
        _ = try Self.predict([wide, wide], .rows)
        let controls = Self.texts("t", [1, 2, 1], [[UInt8](repeating: 1, count: 50), []])
        _ = try Self.predict([controls, controls], .columns)
        let bytes = Self.texts("t_bytes", [5], (0..<5).map { [UInt8](repeating: 255, count: $0) })
        _ = try Self.predict([bytes], .rows)
    }

    @Test func `results of classify and regress`() throws {
        func classified(_ outputs: [NamedTensor], classes: String?, labels: [String] = []) throws -> String {
            let signature = try classification(hasClasses: classes != nil, labels: labels)
            let results = try TensorFlowResults(classification: signature, outputs: outputs, examples: 2)
            let encoder = try TensorFlowResultsEncoder(results, isClassification: true, maxBytes: 1 << 20)
            return Self.written(atMost: encoder.bound) { encoder.write(into: &$0) }
        }
        let scores = Self.tensor("scores", .fp32, [2, 2], [0.25, 0.75, 1, 0] as [Float])
        let classes = Self.texts("classes", [2, 2], [Array("a".utf8), Array("b\"".utf8), [], Array("d".utf8)])
        #expect(
            try classified([scores], classes: nil)
                == #"{"results":[[["0",0.25],["1",0.75]],[["0",1.0],["1",0.0]]]}"#
        )
        #expect(
            try classified([scores, classes], classes: "classes")
                == #"{"results":[[["a",0.25],["b\"",0.75]],[["",1.0],["d",0.0]]]}"#
        )
        // Of a label file; numbers stand for what is behind its end, and what the model says itself comes first.
        #expect(
            try classified([scores], classes: nil, labels: ["no \"\u{1}"])
                == #"{"results":[[["no \"\u0001",0.25],["1",0.75]],[["no \"\u0001",1.0],["1",0.0]]]}"#
        )
        #expect(
            try classified([scores, classes], classes: "classes", labels: ["x", "y"])
                == #"{"results":[[["a",0.25],["b\"",0.75]],[["",1.0],["d",0.0]]]}"#
        )
        let one = Self.tensor("scores", .fp32, [2], [0.5, 0.25] as [Float])
        #expect(try classified([one], classes: nil) == #"{"results":[[["0",0.5]],[["0",0.25]]]}"#)
        let short = Self.tensor("scores", .fp32, [1, 2], [0.5, 0.25] as [Float])
        #expect(throws: InferenceError.self) { try classified([short], classes: nil) }

        let values = Self.tensor("v", .fp32, [2, 1], [3.5, 4] as [Float])
        let regressed = try TensorFlowResults(regression: "v", outputs: [values], examples: 2)
        let encoder = try TensorFlowResultsEncoder(regressed, isClassification: false, maxBytes: 1 << 20)
        #expect(Self.written(atMost: encoder.bound) { encoder.write(into: &$0) } == #"{"results":[3.5,4.0]}"#)
        #expect(throws: InferenceError.self) {
            try TensorFlowResults(regression: "v", outputs: [values], examples: 1)
        }
    }

    private func classification(hasClasses: Bool, labels: [String]) throws -> TensorFlowSignature.Classification {
        var outputs: [TensorSpecification] = [.input("scores", .fp32, [-1, 2])]
        if hasClasses { outputs.append(.input("classes", .bytes, [-1, 2])) }
        let model = ModelDescription(
            id: ModelID(name: ModelName("m")!, version: .first),
            platform: "test",
            inputs: [],
            outputs: outputs,
            labels: ["scores": labels, "other": ["z"]]
        )
        return try TensorFlowSignature.classification(of: model)
    }

    @Test func `documents have TensorFlow Serving's members and KServe's`() throws {
        let name = try #require(ModelName("m"))
        let entries = [
            RepositoryIndexEntry(name: "m", version: ModelVersion(1), state: .unavailable, reason: "broken"),
            RepositoryIndexEntry(name: "m", version: ModelVersion(2), state: .unavailable, reason: "unloaded"),
            RepositoryIndexEntry(name: "m", version: ModelVersion(3), state: .ready),
        ]
        let status = TensorFlowServingDocuments.status(of: name, entries: entries, isReady: true)
        #expect(
            String(decoding: status, as: UTF8.self)
                == #"{"model_version_status":["#
                + #"{"version":"3","state":"AVAILABLE","status":{"error_code":"OK","error_message":""}},"#
                + #"{"version":"2","state":"END","status":{"error_code":"OK","error_message":""}},"#
                + #"{"version":"1","state":"END","status":{"error_code":"UNKNOWN","error_message":"broken"}}],"#
                + #""name":"m","ready":true,"id":"m","object":"model","created":0,"owned_by":"apus"}"#
        )
        var question = TensorFlowQuestion("", .input("x", .fp16, [-1, 4]))
        question.outputs = [.input("y", .bytes, [])]
        #expect(
            String(decoding: TensorFlowServingDocuments.metadata(of: question.model), as: UTF8.self)
                == #"{"model_spec":{"name":"m","signature_name":"","version":"3"},"metadata":{"signature_def":"#
                + #"{"signature_def":{"serving_default":{"inputs":{"x":{"dtype":"DT_HALF","tensor_shape":{"dim":"#
                + #"[{"size":"-1","name":""},{"size":"4","name":""}],"unknown_rank":false},"name":"x:0"}},"#
                + #""outputs":{"y":{"dtype":"DT_STRING","tensor_shape":{"dim":[],"unknown_rank":false},"name":"y:0"}},"#
                + #""method_name":"tensorflow/serving/predict","defaults":{}}}}}}"#
        )
    }
}
