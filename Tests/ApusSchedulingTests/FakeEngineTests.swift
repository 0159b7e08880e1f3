import ApusCore
import ApusEngine
import ApusTesting
import Testing

/// The fakes keep the contracts that they stand for, and the conformance suite notices who doesn't.
struct FakeEngineTests {
    private let inputs = [NamedTensor(name: "a", tensor: Tensor(floats: [1, 2]))]

    private func model() -> EngineConformance.Model {
        EngineConformance.Model(
            source: .none,
            options: SessionOptions(modelName: "m"),
            inputs: [Tensor(floats: [1, 2]), Tensor(floats: [3])]
        )
    }

    private func engine(_ compute: @escaping FakeSession.Computation) -> FakeEngine {
        let specifications = ["a", "b"].map { TensorSpecification(name: $0, dataType: .fp32, shape: [-1]) }
        let signature = ModelSignature(inputs: specifications, outputs: specifications)
        return FakeEngine(session: FakeSession(signature: signature, compute: compute))
    }

    /// Refuses what an engine must refuse.
    private static func strict(_ run: FakeRun) throws(EngineError) -> [Tensor] {
        guard run.inputs.count == 2, run.inputs.allSatisfy({ $0?.dataType == .fp32 }) else {
            throw EngineError(.invalidInput, "takes two FP32 tensors")
        }
        return try FakeRun.identity(run)
    }

    @Test func `a fake that refuses what it must conforms`() throws {
        let engine = engine(FakeEngineTests.strict)
        try EngineConformance(of: engine, with: model()).checkAll()
        #expect(engine.session.overlaps == 0)
        #expect(engine.loads.count >= 5)
    }

    @Test func `termination ends a run at a closed gate`() throws {
        let engine = engine(FakeEngineTests.strict)
        engine.session.gate.close()
        try EngineConformance(of: engine, with: model()).checkTermination(of: model())
    }

    @Test func `an engine that answers anything doesn't conform`() {
        let engine = engine { run throws(EngineError) in run.outputs.map { _ in Tensor(floats: [1]) } }
        let failure = #expect(throws: ConformanceFailure.self) {
            try EngineConformance(of: engine, with: model()).checkUnfitCalls()
        }
        #expect(failure?.message == "a call with an input too few was answered")
    }

    @Test func `an engine that gives outputs in another order doesn't conform`() {
        let engine = engine { run throws(EngineError) in try FakeRun.identity(run).reversed() }
        #expect(throws: ConformanceFailure.self) { try EngineConformance(of: engine, with: model()).checkOutputs() }
    }

    @Test func `an engine that gives all outputs always doesn't conform`() {
        let engine = engine { run throws(EngineError) in run.inputs.compactMap { $0 } }
        let failure = #expect(throws: ConformanceFailure.self) {
            try EngineConformance(of: engine, with: model()).checkOutputs()
        }
        #expect(failure?.message == "asked for outputs [0], got 2 tensors")
    }

    @Test func `an engine that gives another type than it says doesn't conform`() {
        let engine = engine { run throws(EngineError) in run.outputs.map { _ in Tensor(texts: ["x"]) } }
        let failure = #expect(throws: ConformanceFailure.self) {
            try EngineConformance(of: engine, with: model()).checkOutputs()
        }
        #expect(failure?.message == "output 'a' is BYTES, the signature says FP32")
    }

    @Test func `loads and their failures can be planned`() throws {
        let engine = engine(FakeRun.identity)
        engine.failNextLoad(with: EngineError(.invalidModel, "broken"))
        let error = #expect(throws: EngineError.self) {
            try engine.load(.file(path: "/m"), options: SessionOptions(modelName: "m"))
        }
        #expect(error?.code == .invalidModel)
        #expect(try engine.load(.none, options: SessionOptions(modelName: "m")) === engine.session)
        #expect(engine.loads.map(\.options.modelName) == ["m", "m"])
    }

    @Test func `tensors of texts and numbers have the wire's bytes`() {
        #expect(Tensor(texts: ["ab", ""]).byteArray == [2, 0, 0, 0, 97, 98, 0, 0, 0, 0])
        #expect(Tensor(.int16, elements: [1, -2] as [Int16]).byteArray == [1, 0, 0xfe, 0xff])
        #expect(Tensor(floats: [1.5, -2]).floats == [1.5, -2])
    }
}
