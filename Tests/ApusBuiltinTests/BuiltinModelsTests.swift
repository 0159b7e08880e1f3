import ApusBuiltin
import ApusCore
import ApusEngine
import ApusTesting
import Testing

/// The built-in models besides identity and delay.
struct BuiltinModelsTests {
    private func specification(_ name: String, _ type: DataType, _ shape: [Int] = [-1]) -> TensorSpecification {
        TensorSpecification(name: name, dataType: type, shape: shape)
    }

    private func load(
        _ kind: String,
        _ parameters: [String: String] = [:],
        inputs: [TensorSpecification],
        outputs: [TensorSpecification],
        maxBatchSize: Int = 0
    ) throws(EngineError) -> any EngineSession {
        let options = SessionOptions(
            modelName: "m",
            parameters: parameters.merging(["kind": kind]) { first, _ in first },
            configuredInputs: inputs,
            configuredOutputs: outputs,
            maxBatchSize: maxBatchSize
        )
        return try BuiltinEngine().load(.none, options: options)
    }

    private func refusal(_ kind: String, _ inputs: [TensorSpecification], _ outputs: [TensorSpecification]) -> String? {
        let error = #expect(throws: EngineError.self) { try load(kind, inputs: inputs, outputs: outputs) }
        return error?.message
    }

    private var repeatInputs: [TensorSpecification] {
        [specification("IN", .int32), specification("DELAY", .uint32), specification("WAIT", .uint32, [1])]
    }
    private var repeatOutputs: [TensorSpecification] {
        [specification("OUT", .int32, [1]), specification("IDX", .uint32, [1])]
    }

    private func repeatCall(_ values: [Int32], delays: [UInt32]? = nil, wait: UInt32 = 0) -> [Tensor?] {
        [
            Tensor(.int32, elements: values),
            Tensor(.uint32, elements: delays ?? values.map { _ in 0 }),
            Tensor(.uint32, elements: [wait]),
        ]
    }

    private func numbers(_ tensor: Tensor) -> [Int32] {
        let bytes = tensor.byteArray
        return stride(from: 0, to: bytes.count, by: 4).map { start in
            Int32(bitPattern: bytes[start..<start + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) })
        }
    }

    @Test func `repeat gives an answer for each element, with its place`() throws {
        let session = try load("repeat", inputs: repeatInputs, outputs: repeatOutputs)
        let instance = try #require(try session.makeInstance() as? any DecoupledModelInstance)
        for values in [[], [7], [4, 2, 0, -1]] as [[Int32]] {
            var timings = RequestTimings(received: SystemTime().now)
            var answers: [[Int32]] = []
            try instance.run(inputs: repeatCall(values), outputs: [0, 1], timings: &timings) { tensors in
                answers.append(tensors.flatMap(numbers))
            }
            #expect(answers == values.enumerated().map { [$1, Int32($0)] })
            #expect(timings.inputReady <= timings.inferEnded)
        }
    }

    @Test func `repeat takes its time where it is told to`() throws {
        let instance = try load("repeat", inputs: repeatInputs, outputs: repeatOutputs).makeInstance()
        let decoupled = try #require(instance as? any DecoupledModelInstance)
        var timings = RequestTimings(received: SystemTime().now)
        try decoupled.run(inputs: repeatCall([1], delays: [3]), outputs: [0], timings: &timings) { _ in }
        #expect(timings.inferEnded.nanoseconds(since: timings.inputReady) >= 3_000_000)
        try decoupled.run(inputs: repeatCall([], wait: 3), outputs: [0], timings: &timings) { _ in }
        #expect(timings.inferEnded.nanoseconds(since: timings.inputReady) >= 3_000_000)
    }

    @Test func `repeat refuses what it can't use`() throws {
        let instance = try load("repeat", inputs: repeatInputs, outputs: repeatOutputs).makeInstance()
        var timings = RequestTimings(received: SystemTime().now)
        let shapes = #expect(throws: EngineError.self) {
            try instance.run(inputs: repeatCall([1, 2], delays: [0]), outputs: [0], timings: &timings)
        }
        #expect(shapes?.message.contains("expected IN and DELAY shape to match, got [2] and [1]") == true)
        let two = #expect(throws: EngineError.self) {
            try instance.run(inputs: repeatCall([1, 2]), outputs: [0], timings: &timings)
        }
        #expect(two?.message.contains("2 answers where one is taken") == true)
        #expect(try instance.run(inputs: repeatCall([5]), outputs: [0], timings: &timings).map(numbers) == [[5]])
        #expect(refusal("repeat", [repeatInputs[0]], repeatOutputs)?.contains("'DELAY' of type UINT32") == true)
        let wrong = [specification("IN", .fp32)] + repeatInputs.dropFirst()
        #expect(refusal("repeat", wrong, repeatOutputs)?.contains("takes INT32 for its input 'IN', not FP32") == true)
        #expect(throws: EngineError.self) {
            try load("repeat", inputs: repeatInputs, outputs: repeatOutputs, maxBatchSize: 4)
        }
    }

    @Test func `repeat conforms`() throws {
        let options = SessionOptions(
            modelName: "repeat",
            configuredInputs: repeatInputs,
            configuredOutputs: repeatOutputs
        )
        func conformance(_ call: [Tensor?]) -> EngineConformance {
            EngineConformance(of: BuiltinEngine(), with: .init(source: .none, options: options, inputs: call))
        }
        try conformance(repeatCall([3])).checkAll()
        try conformance(repeatCall([3, 4, 5])).checkDecoupled(answers: 3)
        let long = repeatCall([1], delays: [3_600_000])
        let slow = EngineConformance.Model(source: .none, options: options, inputs: long)
        try conformance(repeatCall([3])).checkTermination(of: slow)
    }

    private func sums(_ shape: [Int] = [-1, 1]) throws -> any EngineSession {
        try load(
            "sequence",
            inputs: [
                specification("INPUT", .int32, shape), specification("START", .int32, shape),
                specification("READY", .int32, shape),
            ],
            outputs: [specification("OUTPUT", .int32, shape)],
            maxBatchSize: shape.count > 1 ? 8 : 0
        )
    }

    @Test func `sequence adds row by row, and begins anew where it is told to`() throws {
        let session = try sums()
        #expect(session.signature.states.count == 1)
        #expect(session.signature.states[0].initial.shape.dimensions == [1, 1])
        #expect(session.signature.inputs.last?.name == session.signature.states[0].input)
        let instance = try session.makeInstance()
        var timings = RequestTimings(received: SystemTime().now)
        func column(_ values: [Int32]) -> Tensor { Tensor(.int32, [values.count, 1], elements: values) }
        let inputs = [column([1, 2, .max]), column([0, 1, 0]), column([1, 1, 1]), column([10, 20, 1])]
        let outputs = try instance.run(inputs: inputs, outputs: [0, 1], timings: &timings)
        #expect(outputs.map(numbers) == [[11, 2, .min], [11, 2, .min]])
        #expect(outputs[0].shape.dimensions == [3, 1])
    }

    @Test func `sequence refuses what it can't add up`() throws {
        let input = specification("INPUT", .fp32, [1])
        #expect(refusal("sequence", [input], [specification("OUTPUT", .int32, [1])])?.contains("takes INT32") == true)
        #expect(refusal("sequence", [specification("INPUT", .int32, [1])], [])?.contains("'OUTPUT'") == true)
        let instance = try sums([1]).makeInstance()
        var timings = RequestTimings(received: SystemTime().now)
        let one = Tensor(.int32, elements: [Int32(1)])
        let two = Tensor(.int32, elements: [Int32(1), 2])
        for inputs in [[one, one, one, two], [one, one, one], [one, nil, one, one]] {
            let error = #expect(throws: EngineError.self) {
                try instance.run(inputs: inputs, outputs: [0], timings: &timings)
            }
            #expect(error?.code == .invalidInput)
        }
    }

    @Test func `fail fails when it is told to, in the words that it is told`() throws {
        let one = [specification("A", .fp32)]
        func run(_ parameters: [String: String], _ values: [Float]) throws -> [Tensor] {
            var timings = RequestTimings(received: SystemTime().now)
            let instance = try load("fail", parameters, inputs: one, outputs: one).makeInstance()
            return try instance.run(inputs: [Tensor(floats: values)], outputs: [0], timings: &timings)
        }
        let always = #expect(throws: EngineError.self) { try run([:], [0]) }
        #expect(always?.message == "the model failed on purpose")
        #expect(always?.code == .runFailed)
        let parameters = ["fail_when": "nonzero", "fail_message": "poison"]
        #expect(try run(parameters, [0, 0]).map(\.floats) == [[0, 0]])
        let poison = #expect(throws: EngineError.self) { try run(parameters, [0, 1]) }
        #expect(poison?.message == "poison")
        let loaded = #expect(throws: EngineError.self) { try run(["fail_when": "load", "fail_message": "no"], []) }
        #expect(loaded?.message == "no")
        #expect(throws: EngineError.self) { try run(["fail_when": "sometimes"], []) }
    }
}
