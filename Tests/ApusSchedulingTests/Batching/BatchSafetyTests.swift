import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct BatchSafetyTests {
    private static let rows = [Model.tensor("a", .fp32, [-1, 2])]
    private static let answers = [Model.tensor("x", .fp32, [-1, 2])]

    private func first(
        inputs: [TensorSpecification] = rows,
        outputs: [TensorSpecification] = answers,
        maxBatchSize: Int = 0,
        layout: Scheduler.Configuration = .init(instances: 1)
    ) -> BatchSafety.Verdict {
        BatchSafety.firstVerdict(
            Model.description(ModelSignature(inputs: inputs, outputs: outputs), maxBatchSize: maxBatchSize),
            layout: SessionLayout(layout)
        )
    }

    /// What the proof says of a model that computes this, and how many rows its runs had.
    private func prove(
        maxRows: Int = ProbeRows.count,
        _ compute: @escaping FakeSession.Computation
    ) throws -> (verdict: BatchSafety.Verdict, sizes: [Int]) {
        let signature = ModelSignature(inputs: BatchSafetyTests.rows, outputs: BatchSafetyTests.answers)
        let session = FakeSession(signature: signature, compute: compute)
        let verdict = try BatchSafety.prove(
            inputs: [Tensor([1, 2], floats: [1, 2])],
            outputs: [0],
            maxRows: maxRows,
            on: try session.makeInstance(),
            allocator: session.allocator
        )
        return (verdict, session.runs.compactMap { $0.inputs[0]?.shape.dimensions[0] })
    }

    private func isUnsafe(_ verdict: BatchSafety.Verdict, _ words: String) -> Bool {
        guard case .isUnsafe(let reason) = verdict else { return false }
        return reason.contains(words)
    }

    @Test func `some models are known without a run`() {
        #expect(first() == .unknown)
        #expect(first(maxBatchSize: 8) == .unknown)
        #expect(isUnsafe(first(inputs: [Model.tensor("a", .fp32, [1, 2])]), "first dimension of 'a' is fixed"))
        #expect(isUnsafe(first(outputs: [Model.tensor("x", .fp32, [2])]), "first dimension of 'x' is fixed"))
        #expect(isUnsafe(first(outputs: [Model.tensor("x", .fp32, [])]), "first dimension of 'x' is fixed"))
        #expect(isUnsafe(first(inputs: []), "no inputs"))
        #expect(isUnsafe(first(inputs: [Model.tensor("a", isOptional: true)]), "input 'a' is optional"))
        #expect(isUnsafe(first(maxBatchSize: 1), "max_batch_size is 1"))
        var reshaped = Scheduler.Configuration(instances: 1)
        reshaped.inputShapes = [ShapeTranslation(from: [-1, 2], to: [-1, 1, 2])]
        #expect(isUnsafe(first(layout: reshaped), "reshapes"))
        let streams = ModelDescription(id: Model.id, platform: "", inputs: [], outputs: [], isDecoupled: true)
        let verdict = BatchSafety.firstVerdict(streams, layout: SessionLayout(.init(instances: 1)))
        #expect(isUnsafe(verdict, "several answers"))
    }

    @Test func `rows that come out the same alone and together are safe`() throws {
        let proof = try prove(SchedulerBatchingTests.double)
        #expect(proof.verdict == .isSafe)
        #expect(proof.sizes == [1, 1, 1, 1, 4])
        #expect(try prove(maxRows: 2, SchedulerBatchingTests.double).sizes == [1, 1, 2])
    }

    @Test func `rows that look at each other are not`() throws {
        let proof = try prove { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            let sum = input.floats.reduce(0, +)
            return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 / sum })]
        }
        #expect(isUnsafe(proof.verdict, "come out different than alone"))
    }

    @Test func `an answer with other rows, or without any, is not`() throws {
        for shape in [[1, 8], [8]] {
            let proof = try prove { run throws(EngineError) in
                guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
                let isAlone = input.shape.dimensions[0] == 1
                return [Tensor(isAlone ? [1, 2] : shape, floats: input.floats)]
            }
            #expect(isUnsafe(proof.verdict, "doesn't have a row for each row"))
        }
    }

    @Test func `rows that all give the same prove nothing`() throws {
        let proof = try prove { run throws(EngineError) in
            let rows = run.inputs[0]?.shape.dimensions[0] ?? 0
            return [Tensor([rows, 2], floats: [Float](repeating: 1, count: 2 * rows))]
        }
        #expect(proof.verdict == .unknown)
        #expect(try prove(maxRows: 1, SchedulerBatchingTests.double).verdict == .unknown)
    }

    @Test(arguments: [
        (EngineError.Code.runFailed, "a trial with several rows failed: no"), (.terminated, ""), (.outOfMemory, ""),
    ]) func `a trial that fails forbids batches, unless that says nothing of them`(
        _ code: EngineError.Code,
        _ words: String
    ) throws {
        let proof = try prove { run throws(EngineError) in
            guard let input = run.inputs[0], input.shape.dimensions[0] == 1 else { throw EngineError(code, "no") }
            return [input]
        }
        #expect(words.isEmpty ? proof.verdict == .unknown : isUnsafe(proof.verdict, words))
    }

    @Test func `rows that the model doesn't take are left out`() throws {
        let proof = try prove { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            // The request's own row and one other, in whatever company.
            guard input.shape.dimensions[0] > 1 || input.floats[0] < 2 else { throw EngineError(.runFailed, "no") }
            return [input]
        }
        #expect(proof.verdict == .isSafe || proof.verdict == .unknown)
        #expect((proof.sizes.last ?? 0) < 4)
    }

    @Test func `the end of an instance is told`() {
        let error = #expect(throws: EngineError.self) {
            try prove { run throws(EngineError) in throw EngineError(.instanceLost, "gone") }
        }
        #expect(error?.code == .instanceLost)
    }
}
