import ApusCore
import ApusEngine
import Testing

@testable import ApusBuiltin

struct BuiltinEngineTests {
    /// A configured input or output.
    private func specification(_ name: String, _ type: DataType = .fp32, _ shape: [Int] = [-1]) -> TensorSpecification {
        TensorSpecification(name: name, dataType: type, shape: shape)
    }

    /// Loads a built-in model.
    private func load(
        _ name: String = "identity",
        _ parameters: [String: String] = [:],
        inputs: [TensorSpecification],
        outputs: [TensorSpecification]
    ) throws(EngineError) -> any EngineSession {
        let options = SessionOptions(
            modelName: name,
            parameters: parameters,
            configuredInputs: inputs,
            configuredOutputs: outputs
        )
        return try BuiltinEngine().load(.none, options: options)
    }

    /// What loading fails with.
    private func loadError(
        _ name: String = "identity",
        _ parameters: [String: String] = [:],
        inputs: [TensorSpecification],
        outputs: [TensorSpecification]
    ) -> EngineError? {
        #expect(throws: EngineError.self) { try load(name, parameters, inputs: inputs, outputs: outputs) }
    }

    /// A tensor of some bytes.
    private func tensor(_ type: DataType, _ dimensions: [Int], _ bytes: [UInt8]) throws -> Tensor {
        Tensor(
            dataType: type,
            shape: try #require(TensorShape(dimensions)),
            storage: try #require(TensorStorage(copying: bytes))
        )
    }

    private var timings: RequestTimings { RequestTimings(received: SystemTime().now) }

    @Test(arguments: DataType.allCases) func `identity gives back any type`(_ type: DataType) throws {
        let session = try load(inputs: [specification("IN", type)], outputs: [specification("OUT", type)])
        #expect(session.signature.outputs.map(\.name) == ["OUT"])
        #expect(!session.signature.hasDataDependentCost)
        let input = try tensor(type, [1], [UInt8](repeating: 0, count: type.byteSize ?? 4))
        var timings = timings
        let outputs = try session.makeInstance().run(inputs: [input], outputs: [0], timings: &timings)
        #expect(outputs.count == 1)
        #expect(outputs[0].storage === input.storage)
    }

    @Test func `outputs are the inputs at the same places`() throws {
        let session = try load(
            "identity_pair",
            inputs: [specification("A"), specification("B", .int8)],
            outputs: [specification("X"), specification("Y", .int8)]
        )
        let inputs = [try tensor(.fp32, [0], []), try tensor(.int8, [2], [1, 2])]
        var timings = timings
        let outputs = try session.makeInstance().run(inputs: inputs, outputs: [1], timings: &timings)
        #expect(outputs.map(\.dataType) == [.int8])
    }

    @Test func `configurations that don't fit are refused with the reason`() {
        let one = [specification("A")]
        #expect(loadError(inputs: [], outputs: [])?.message.contains("no inputs") == true)
        #expect(loadError(inputs: one, outputs: [])?.message.contains("1 inputs and 0 outputs") == true)
        #expect(loadError(inputs: one, outputs: [specification("X", .int8)])?.message.contains("INT8") == true)
        #expect(
            loadError(inputs: one, outputs: [specification("X", .fp32, [2, 2])])?.message.contains("shape") == true
        )
        #expect(loadError("other", inputs: one, outputs: one)?.message.contains("identity, delay") == true)
        #expect(loadError("m", ["kind": "segv"], inputs: one, outputs: one)?.code == .unsupportedModel)
        #expect(loadError("delay", inputs: one, outputs: one)?.message.contains("execute_delay_ms") == true)
        for delay in ["-1", "x", "99999999999999999999"] {
            #expect(loadError("delay", ["execute_delay_ms": delay], inputs: one, outputs: one) != nil)
        }
    }

    @Test func `the kind comes from the parameters before the name`() throws {
        let one = [specification("A")]
        let session = try load("whatever", ["kind": "identity", "colour": "blue"], inputs: one, outputs: one)
        #expect(session.signature.warnings.count == 1)
        #expect(session.signature.warnings[0].contains("colour"))
    }

    @Test func `calls that don't fit are invalid`() throws {
        let instance = try load(inputs: [specification("A")], outputs: [specification("X")]).makeInstance()
        var timings = timings
        let input = try tensor(.fp32, [0], [])
        for (inputs, outputs): ([Tensor?], [Int]) in [
            ([nil], [0]), ([], [0]), ([input, input], [0]), ([input], [1]), ([input], [-1]),
            ([try tensor(.int8, [0], [])], [0]),
        ] {
            let error = #expect(throws: EngineError.self) {
                try instance.run(inputs: inputs, outputs: outputs, timings: &timings)
            }
            #expect(error?.code == .invalidInput)
        }
    }

    @Test(arguments: ["identity", "delay"]) func `a delay shows in the timings`(_ kind: String) throws {
        let one = [specification("A")]
        let parameters = ["kind": kind, "execute_delay_ms": "5"]
        let instance = try load("m", parameters, inputs: one, outputs: one).makeInstance()
        var timings = timings
        _ = try instance.run(inputs: [try tensor(.fp32, [0], [])], outputs: [0], timings: &timings)
        #expect(timings.inferEnded.nanoseconds(since: timings.inputReady) >= 5_000_000)
    }

    @Test func `terminate ends a long delay, until it is forgotten`() throws {
        let one = [specification("A")]
        let parameters = ["execute_delay_ms": "3600000"]
        let instance = try load("delay", parameters, inputs: one, outputs: one).makeInstance()
        let input = try tensor(.fp32, [0], [])
        for _ in 0..<2 {
            instance.clearTermination()
            let error = Terminator.whileTerminating(instance) {
                #expect(throws: EngineError.self) {
                    var timings = timings
                    _ = try instance.run(inputs: [input], outputs: [0], timings: &timings)
                }
            }
            #expect(error?.code == .terminated)
        }
    }

    @Test(arguments: ["0", "3600000"]) func `a run that was terminated before it began ends at once`(
        _ delay: String
    ) throws {
        let one = [specification("A")]
        let instance = try load("delay", ["execute_delay_ms": delay], inputs: one, outputs: one).makeInstance()
        let input = try tensor(.fp32, [0], [])
        instance.terminate()
        let error = #expect(throws: EngineError.self) {
            var timings = timings
            _ = try instance.run(inputs: [input], outputs: [0], timings: &timings)
        }
        #expect(error?.code == .terminated)
    }
}
