import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Runs that are filled up to allowed numbers of rows, on a fake engine that doubles each row.
struct SchedulerAllowedSizesTests {
    private let sizes = [1, 4, 16]

    private func bench(
        instances: Int = 1,
        isInline: Bool = false,
        maxBatchSize: Int = 64,
        signature: ModelSignature = SchedulerBatchingTests.signature,
        compute: @escaping FakeSession.Computation = SchedulerBatchingTests.double
    ) throws -> Bench {
        var configuration = Scheduler.Configuration(instances: instances)
        configuration.allowsInlineRuns = isInline
        configuration.batching.allowedSizes = AllowedSizes(sizes)
        return try Bench(
            signature: signature,
            maxBatchSize: maxBatchSize,
            threads: instances,
            compute: compute,
            configuration: configuration,
            isBatched: true
        )
    }

    private func rows(_ count: Int, from start: Int = 1) -> [Float] {
        (0..<2 * count).map { Float(start * 1000 + $0) }
    }

    private func ask(_ bench: Bench, _ values: [Float], sink: RecordingSink? = nil) async -> RecordingSink.Outcome {
        let sink = sink ?? bench.pooledSink()
        let tensor = Tensor([values.count / 2, 2], floats: values)
        bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
        return await sink.outcome()
    }

    /// Waits until rows are known to leave each other alone.
    private func prove(_ bench: Bench) async {
        while !bench.scheduler.statistics().batchingNote.contains("filled up to 1, 4, 16 rows") {
            _ = await ask(bench, [1, 2])
        }
    }

    private func seen(_ bench: Bench, since: Int) -> [Int] {
        bench.session.runs[since...].compactMap { $0.inputs[0]?.shape.dimensions[0] }
    }

    private func expect(_ outcome: RecordingSink.Outcome, _ values: [Float]) {
        let tensor = outcome.answers.first?.outputs.first?.tensor
        #expect(tensor?.shape.dimensions == [values.count / 2, 2])
        #expect(tensor?.floats == values.map { $0 * 2 })
    }

    @Test func `a single request is filled up with copies of its last row, and nobody sees it`() async throws {
        let bench = try bench()
        await prove(bench)
        let (before, counted) = (bench.session.runs.count, bench.scheduler.statistics())
        for count in [1, 2, 3, 4, 5, 16] { expect(await ask(bench, rows(count)), rows(count)) }
        #expect(seen(bench, since: before) == [1, 4, 4, 4, 16, 16])
        let filled = bench.session.runs[before + 2].inputs[0]?.floats
        #expect(filled == rows(3) + rows(3).suffix(2))
        let statistics = bench.scheduler.statistics()
        #expect(statistics.inferenceCount - counted.inferenceCount == 31)
        #expect(statistics.executionCount - counted.executionCount == 6)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `requests that share runs meet only allowed sizes`() async throws {
        let bench = try bench()
        await prove(bench)
        let before = bench.session.runs.count
        for round in 0..<20 {
            bench.session.gate.close()
            let arrived = bench.session.gate.arrivals
            let first = bench.pooledSink()
            bench.submit(bench.request([NamedTensor(name: "a", tensor: Tensor([1, 2], floats: [1, 2]))]), to: first)
            await bench.session.gate.arrived(arrived + 1)
            let asked = (0..<10).map { rows(1 + $0 % 5, from: $0 + round) }
            let sinks = asked.map { values in
                let sink = bench.pooledSink()
                let tensor = Tensor([values.count / 2, 2], floats: values)
                bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
                return sink
            }
            bench.session.gate.open()
            for (values, sink) in zip(asked, sinks) { expect(await sink.outcome(), values) }
            _ = await first.outcome()
        }
        let seen = seen(bench, since: before)
        #expect(seen.allSatisfy(sizes.contains), "\(seen)")
        #expect(seen.count < 20 * 11, "\(seen)")
    }

    @Test func `more rows than the largest size are split`() async throws {
        let bench = try bench(instances: 2)
        await prove(bench)
        let before = bench.session.runs.count
        expect(await ask(bench, rows(37)), rows(37))
        let seen = seen(bench, since: before)
        #expect(seen.count > 2)
        #expect(seen.allSatisfy(sizes.contains), "\(seen)")
    }

    @Test func `rows that look at each other are never made more`() async throws {
        let bench = try bench { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            let mean = input.floats.reduce(0, +) / Float(input.shape.elementCount)
            return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 - mean })]
        }
        for _ in 0..<4 { _ = await ask(bench, [1, 2]) }
        let before = bench.session.runs.count
        let outcome = await ask(bench, [1, 2, 3, 4, 5, 9])
        #expect(outcome.answers.first?.outputs.first?.tensor.floats == [-3, -2, -1, 0, 1, 5])
        #expect(seen(bench, since: before) == [3])
        #expect(bench.scheduler.statistics().batchingNote.contains("not filled up to allowed_batch_sizes"))
    }

    @Test func `an output without a row for each is noticed, and the request answered as it is`() async throws {
        // The proof meets no such rows.
        let bench = try bench { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            let doubled = input.floats.map { $0 * 2 }
            guard input.floats.contains(where: { $0 < 0 }) else {
                return [Tensor(input.shape.dimensions, floats: doubled)]
            }
            return [Tensor([1, 2], floats: Array(doubled.prefix(2)))]
        }
        await prove(bench)
        let before = bench.session.runs.count
        let outcome = await ask(bench, [-1, 2, 3, 4, 5, 6])
        #expect(outcome.answers.first?.outputs.first?.tensor.floats == [-2, 4])
        #expect(seen(bench, since: before) == [4, 3])
    }

    @Test func `on an event loop run only requests of an allowed size`() async throws {
        let bench = try bench(isInline: true)
        await prove(bench)
        for count in [1, 3] {
            for _ in 0..<InlinePolicy.neededScore { _ = await ask(bench, rows(count)) }
        }
        let before = bench.session.runs.count
        let inline = bench.scheduler.statistics().inlineExecutionCount
        expect(await ask(bench, rows(1), sink: RecordingSink()), rows(1))
        expect(await ask(bench, rows(3), sink: RecordingSink()), rows(3))
        #expect(seen(bench, since: before) == [1, 4])
        #expect(bench.scheduler.statistics().inlineExecutionCount == inline + 1)
    }

    @Test func `one whose first dimensions differ runs as it is`() async throws {
        let signature = ModelSignature(
            inputs: [Model.tensor("a", .fp32, [-1, 2]), Model.tensor("b")],
            outputs: [Model.tensor("x", .fp32, [-1, 2])]
        )
        let bench = try bench(maxBatchSize: 0, signature: signature)
        func ask(_ count: Int) async {
            let sink = bench.pooledSink()
            let inputs = [
                NamedTensor(name: "a", tensor: Tensor([3, 2], floats: rows(3))),
                NamedTensor(name: "b", tensor: Tensor(floats: [Float](repeating: 1, count: count))),
            ]
            bench.submit(bench.request(inputs), to: sink)
            expect(await sink.outcome(), rows(3))
        }
        while !bench.scheduler.statistics().batchingNote.contains("filled up to 1, 4") { await ask(3) }
        let before = bench.session.runs.count
        await ask(3)
        await ask(2)
        #expect(seen(bench, since: before) == [4, 3])
    }
}
