import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Inputs that are filled up to lengths, on a fake engine that doubles each element.
struct SchedulerLengthPaddingTests {
    private static let signature = ModelSignature(
        inputs: [Model.tensor("a", .fp32, [-1, -1])],
        outputs: [Model.tensor("x", .fp32, [-1, -1]), Model.tensor("n", .fp32, [-1, 1])]
    )

    /// Doubles every element; the second output counts the columns.
    private static let compute: FakeSession.Computation = { run throws(EngineError) in
        guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
        let shape = input.shape.dimensions
        let outputs = [
            Tensor(shape, floats: input.floats.map { $0 * 2 }),
            Tensor([shape[0], 1], floats: [Float](repeating: Float(shape[1]), count: shape[0])),
        ]
        return run.outputs.map { outputs[$0] }
    }

    private func bench(
        isInline: Bool = false,
        isBatched: Bool = true,
        budget: ByteBudget? = nil,
        following: Int = 0
    ) throws -> Bench {
        var configuration = Scheduler.Configuration(instances: 1)
        configuration.allowsInlineRuns = isInline
        configuration.padding.budget = budget
        let element = unsafe withUnsafeBytes(of: Float(-7).bitPattern) { unsafe Array($0) }
        configuration.padding.entries = [
            LengthPadding(
                input: 0,
                axis: 1,
                sizes: [4, 8],
                element: element,
                outputs: [.init(output: following, axis: 1)]
            )
        ]
        return try Bench(
            signature: SchedulerLengthPaddingTests.signature,
            threads: 1,
            compute: SchedulerLengthPaddingTests.compute,
            configuration: configuration,
            isBatched: isBatched
        )
    }

    private func input(_ rows: [[Float]]) -> [NamedTensor] {
        [NamedTensor(name: "a", tensor: Tensor([rows.count, rows[0].count], floats: rows.flatMap(\.self)))]
    }

    private func ask(
        _ bench: Bench,
        _ rows: [[Float]],
        outputs: [String] = ["x"],
        sink: RecordingSink? = nil
    ) async -> RecordingSink.Outcome {
        let sink = sink ?? bench.pooledSink()
        bench.submit(bench.request(input(rows), outputs: outputs), to: sink)
        return await sink.outcome()
    }

    private func expect(_ outcome: RecordingSink.Outcome, _ rows: [[Float]]) {
        let tensor = outcome.answers.first?.outputs.first?.tensor
        #expect(tensor?.shape.dimensions == [rows.count, rows[0].count])
        #expect(tensor?.floats == rows.flatMap { row in row.map { $0 * 2 } })
    }

    @Test func `the engine sees the sizes, the client its own length`() async throws {
        let bench = try bench()
        for length in [1, 3, 4, 5, 8, 9] {
            let rows = [0, 1].map { row in (0..<length).map { Float(row * 100 + $0) } }
            expect(await ask(bench, rows), rows)
        }
        #expect(bench.session.runs.map { $0.inputs[0]?.shape.dimensions[1] } == [4, 4, 4, 8, 8, 9])
        #expect(bench.session.runs[0].inputs[0]?.floats == [0, -7, -7, -7, 100, -7, -7, -7])
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `an output that isn't named keeps what it has`() async throws {
        let outcome = await ask(try bench(), [[1, 2, 3]], outputs: ["n"])
        #expect(outcome.answers.first?.outputs.first?.tensor.floats == [4])
    }

    @Test func `requests of different lengths share a run`() async throws {
        let bench = try bench()
        let asked: [[Float]] = [[1], [2, 3], [4, 5, 6], [7, 8, 9, 10]]
        for _ in 0..<8 {
            bench.session.gate.close()
            let arrived = bench.session.gate.arrivals
            let first = bench.pooledSink()
            bench.submit(bench.request(input([[1, 2]])), to: first)
            await bench.session.gate.arrived(arrived + 1)
            let sinks = asked.map { row in
                let sink = bench.pooledSink()
                bench.submit(bench.request(input([row])), to: sink)
                return sink
            }
            bench.session.gate.open()
            for (row, sink) in zip(asked, sinks) { expect(await sink.outcome(), [row]) }
            _ = await first.outcome()
        }
        #expect(bench.scheduler.statistics().batchingNote.hasPrefix("requests that wait share a run"))
        // Rows of a proof are one or four, so look for runs that hold what two requests sent.
        let isShared = bench.session.runs.contains { run in
            guard let input = run.inputs[0] else { return false }
            return input.floats.starts(with: [1, -7, -7, -7, 2, 3, -7, -7])
        }
        #expect(isShared)
    }

    @Test func `a request on an event loop is filled up there`() async throws {
        let bench = try bench(isInline: true)
        for _ in 0..<InlinePolicy.neededScore { _ = await ask(bench, [[1, 2]]) }
        expect(await ask(bench, [[1, 2, 3]], sink: RecordingSink()), [[1, 2, 3]])
        #expect(bench.scheduler.statistics().inlineExecutionCount == 1)
        #expect(bench.session.runs.allSatisfy { $0.inputs[0]?.shape.dimensions == [1, 4] })
    }

    @Test func `an output that isn't as long as said fails the request with why`() async throws {
        for isInline in [false, true] {
            let bench = try bench(isInline: isInline, following: 1)
            for _ in 0..<InlinePolicy.neededScore { _ = await ask(bench, [[1, 2, 3, 4]], outputs: ["n"]) }
            let outcome = await ask(bench, [[1, 2]], outputs: ["n"], sink: isInline ? RecordingSink() : nil)
            #expect(outcome.error?.code == .engineFailure)
            #expect(outcome.error?.message.contains("output 'n' has the shape [1,1]") == true)
            #expect(bench.scheduler.statistics().fail.count == 1)
            #expect(bench.holder.ended == bench.holder.opened)
        }
    }

    @Test func `what is filled up is charged, and without room the request runs as it is`() async throws {
        let budget = ByteBudget(limit: 40_000)
        let bench = try bench(budget: budget)
        let rows = [[Float]](repeating: [1, 2, 3], count: 2000)
        bench.session.gate.close()
        let sinks = [bench.pooledSink(), bench.pooledSink()]
        for sink in sinks { bench.submit(bench.request(input(rows)), to: sink) }
        #expect(budget.inUse == 32_000)
        bench.session.gate.open()
        for sink in sinks { expect(await sink.outcome(), rows) }
        let shapes = bench.session.runs.compactMap { $0.inputs[0]?.shape.dimensions }
        #expect(shapes.filter { $0[0] == 2000 } == [[2000, 4], [2000, 3]])
        for sink in sinks { sink.releaseAnswers() }
        #expect(budget.inUse == 0)
    }

    @Test func `an empty input stays empty`() async throws {
        let bench = try bench()
        let sink = bench.pooledSink()
        bench.submit(bench.request([NamedTensor(name: "a", tensor: Tensor([1, 0], floats: []))]), to: sink)
        _ = await sink.outcome()
        #expect(bench.session.runs[0].inputs[0]?.shape.dimensions == [1, 0])
    }
}
