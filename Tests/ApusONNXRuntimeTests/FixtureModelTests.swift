import ApusCore
import ApusEngine
import Testing

@testable import ApusONNXRuntime

struct FixtureModelTests {
    @Test func `the fixtures are there`() {
        #expect(ExpectedCase.list("expected").count >= 40)
        #expect(!ExpectedCase.list("failing").isEmpty)
    }

    @Test(arguments: ExpectedCase.list("expected").filter { $0.outputs?.isEmpty == false })
    func `each fixture gives the expected outputs`(_ expected: ExpectedCase) throws {
        let session = try Fixture.load(expected.model)
        let instance = try session.makeInstance()
        let inputs = try session.signature.inputs.map { input in
            try expected.inputs.first { $0.name == input.name }?.tensor()
        }
        #expect(expected.inputs.count == inputs.count { $0 != nil })
        var timings = Fixture.timings
        // The second run takes the values that the first one left behind.
        for _ in 0..<2 {
            let outputs = try instance.run(
                inputs: inputs,
                outputs: Array(session.signature.outputs.indices),
                timings: &timings
            )
            #expect(timings.inputReady <= timings.inferEnded)
            for (output, specification) in zip(outputs, session.signature.outputs) {
                let wanted = try #require(expected.outputs?.first { $0.name == specification.name })
                try compare(output, wanted)
            }
        }
    }

    /// Floats to 1e-6, everything else exactly.
    private func compare(_ tensor: Tensor, _ wanted: ExpectedCase.Value) throws {
        #expect(tensor.dataType.rawValue == wanted.datatype)
        #expect(tensor.shape.dimensions == wanted.shape)
        let expected = try wanted.tensor()
        switch tensor.dataType {
        case .fp32: #expect(zip(tensor.floats, expected.floats).allSatisfy { isClose(Double($0), Double($1)) })
        case .fp64: #expect(zip(tensor.doubles, expected.doubles).allSatisfy { isClose($0, $1) })
        default: #expect(tensor.bytes == expected.bytes)
        }
        #expect(tensor.storage.byteCount == expected.storage.byteCount)
    }

    /// Relative to the larger one's size.
    private func isClose(_ left: Double, _ right: Double) -> Bool {
        abs(left - right) <= 1e-6 * max(1, abs(left), abs(right))
    }

    @Test(arguments: ExpectedCase.list("failing"))
    func `inputs that a model can't take are invalid`(_ failing: ExpectedCase) throws {
        let session = try Fixture.load(failing.model)
        let instance = try session.makeInstance()
        var timings = Fixture.timings
        let inputs = try failing.inputs.map { try $0.tensor() }
        let error = #expect(throws: EngineError.self) {
            try instance.run(inputs: inputs, outputs: [0], timings: &timings)
        }
        #expect(error?.code == .invalidInput)
        #expect((error?.cause as? ONNXRuntimeFailure)?.code == 2)
    }

    @Test func `a signature tells optional inputs, dynamic sizes and control flow`() throws {
        let optional = try Fixture.load("optional_default").signature
        #expect(optional.inputs.map(\.isOptional) == [false, true])
        #expect(optional.inputs.map(\.shape) == [[-1], [1]])
        #expect(try Fixture.load("loop").signature.hasDataDependentCost)
        #expect(try !Fixture.load("many").signature.hasDataDependentCost)
        #expect(try Fixture.load("scalar").signature.inputs[0].shape == [])
    }

    @Test func `a classifier with ZipMap serves its label and says how to export probabilities`() throws {
        let signature = try Fixture.load("zipmap").signature
        #expect(signature.outputs.map(\.dataType) == [.int64])
        #expect(signature.unservedOutputs.count == 1)
        #expect(signature.unservedOutputs[0].reason.contains("options={id(model): {'zipmap': False}}"))
        #expect(signature.warnings.count == 1)
    }
}
