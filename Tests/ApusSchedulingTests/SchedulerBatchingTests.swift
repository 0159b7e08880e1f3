import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Requests that share runs, on a fake engine whose rows are doubled one by one.
struct SchedulerBatchingTests {
    static let signature = ModelSignature(
        inputs: [Model.tensor("a", .fp32, [-1, 2])],
        outputs: [Model.tensor("x", .fp32, [-1, 2])]
    )

    /// Doubles every element; fails when one is 666.
    static let double: FakeSession.Computation = { run throws(EngineError) in
        guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
        if input.floats.contains(666) { throw EngineError(.runFailed, "a poisoned row") }
        return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 * 2 })]
    }

    private func bench(
        instances: Int = 1,
        threads: Int = 1,
        queue: QueueRules = QueueRules(),
        isBatched: Bool = true,
        compute: @escaping FakeSession.Computation = double
    ) throws -> Bench {
        var configuration = Scheduler.Configuration(instances: instances)
        configuration.queue = queue
        configuration.allowsInlineRuns = false
        return try Bench(
            signature: SchedulerBatchingTests.signature,
            threads: threads,
            compute: compute,
            configuration: configuration,
            isBatched: isBatched
        )
    }

    private func input(_ values: [Float]) -> [NamedTensor] {
        [NamedTensor(name: "a", tensor: Tensor([values.count / 2, 2], floats: values))]
    }

    /// Lets requests wait behind a run, so that they come together; what they were answered.
    @discardableResult
    private func flood(_ bench: Bench, _ rows: [[Float]]) async -> [RecordingSink.Outcome] {
        bench.session.gate.close()
        let before = bench.session.runs.count
        let first = bench.pooledSink()
        bench.submit(bench.request(input([0, 1])), to: first)
        await bench.session.gate.arrived(before + 1)
        let sinks = rows.map { values in
            let sink = bench.pooledSink()
            bench.submit(bench.request(input(values)), to: sink)
            return sink
        }
        bench.session.gate.open()
        _ = await first.outcome()
        var outcomes: [RecordingSink.Outcome] = []
        for sink in sinks { outcomes.append(await sink.outcome()) }
        return outcomes
    }

    private func sizes(_ bench: Bench, since: Int) -> [Int] {
        bench.session.runs[since...].compactMap { $0.inputs[0]?.shape.dimensions[0] }
    }

    @Test func `requests that wait share runs once rows are proved to leave each other alone`() async throws {
        let bench = try bench()
        await flood(bench, [[1, 2], [3, 4]])
        #expect(bench.scheduler.statistics().batchingNote.hasPrefix("requests that wait share a run"))
        let before = bench.session.runs.count
        let rows: [[Float]] = (0..<12).map { [Float($0), Float($0) + 0.5] }
        let outcomes = await flood(bench, rows)
        for (row, outcome) in zip(rows, outcomes) {
            #expect(outcome.answers.first?.outputs.first?.tensor.floats == row.map { $0 * 2 })
            #expect(outcome.answers.first?.outputs.first?.tensor.shape.dimensions == [1, 2])
        }
        let sizes = sizes(bench, since: before)
        #expect(sizes.reduce(0, +) == 13)
        #expect(sizes.contains { $0 > 1 })
        #expect(bench.session.overlaps == 0)
        let statistics = bench.scheduler.statistics()
        #expect(statistics.executionCount < statistics.inferenceCount)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a model whose rows look at each other is never batched`() async throws {
        let bench = try bench { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            let mean = input.floats.reduce(0, +) / Float(input.shape.dimensions[0])
            return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 - mean })]
        }
        await flood(bench, [[1, 2], [3, 4]])
        let before = bench.session.runs.count
        await flood(bench, (0..<8).map { [Float($0), 1] })
        #expect(sizes(bench, since: before).allSatisfy { $0 == 1 })
        #expect(bench.scheduler.statistics().batchingNote.contains("come out different than alone"))
    }

    @Test func `a model with a fixed first dimension is never tried`() async throws {
        let bench = try Bench(
            signature: ModelSignature(
                inputs: [Model.tensor("a", .fp32, [1, 2])],
                outputs: [Model.tensor("x", .fp32, [1, 2])]
            ),
            isBatched: true
        )
        await flood(bench, [[1, 2], [3, 4]])
        #expect(bench.session.runs.count == 3)
        #expect(bench.scheduler.statistics().batchingNote.contains("the first dimension of 'a' is fixed"))
    }

    @Test func `an output with other rows than its run is noticed, and nobody gets another's`() async throws {
        // Rows that are all positive come twice: the proof doesn't meet any.
        let bench = try bench { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            let copies = input.floats.contains { $0 < 0 } ? 2 : 1
            let floats = (0..<copies).flatMap { _ in input.floats.map { $0 * 2 } }
            return [Tensor([copies * input.shape.dimensions[0], 2], floats: floats)]
        }
        await flood(bench, [[1, 2], [3, 4]])
        let rows: [[Float]] = [[1, 1], [-2, 2], [3, 3], [4, 4], [5, 5], [6, 6]]
        for (row, outcome) in zip(rows, await flood(bench, rows)) {
            let floats = try #require(outcome.answers.first?.outputs.first?.tensor.floats)
            #expect(Array(floats.prefix(2)) == row.map { $0 * 2 })
        }
        #expect(bench.scheduler.statistics().batchingNote.contains("doesn't have a row"))
    }

    @Test func `a size at which runs fail is not taken again soon, and costs nobody an answer`() async throws {
        let bench = try bench { run throws(EngineError) in
            guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
            if input.shape.dimensions[0] > 4 { throw EngineError(.outOfMemory, "no memory for so many rows") }
            // A run costs the same whatever its size, and more than a busy machine's noise.
            FakeRun.spend(steps: 50_000)
            return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 * 2 })]
        }
        await flood(bench, [[1, 2], [3, 4]])
        let rows: [[Float]] = (0..<24).map { [Float($0), 1] }
        for _ in 0..<6 { for outcome in await flood(bench, rows) { #expect(outcome.error == nil) } }
        let before = bench.session.runs.count
        for outcome in await flood(bench, rows) { #expect(outcome.error == nil) }
        let sizes = sizes(bench, since: before)
        #expect(sizes.allSatisfy { $0 <= 4 }, "\(sizes)")
        #expect(sizes.contains { $0 > 1 })
    }

    @Test func `a run that was called back is not repeated for a proof`() async throws {
        let bench = try bench()
        bench.session.gate.close()
        let first = bench.pooledSink()
        let handle = bench.submit(bench.request(input([1, 2])), to: first)
        await bench.session.gate.arrived(1)
        let second = bench.pooledSink()
        bench.submit(bench.request(input([3, 4])), to: second)
        // Somebody waits, so a proof would be due.
        handle.cancel()
        _ = await first.outcome()
        bench.session.gate.open()
        #expect(await second.outcome().error == nil)
        #expect(bench.session.runs.map { $0.inputs[0]?.floats } == [[1, 2], [3, 4]])
    }

    @Test func `one bad request fails alone`() async throws {
        let bench = try bench()
        await flood(bench, [[1, 2], [3, 4]])
        var rows: [[Float]] = (0..<16).map { [Float($0), 1] }
        rows[5] = [666, 1]
        for _ in 0..<3 {
            let outcomes = await flood(bench, rows)
            for (index, outcome) in outcomes.enumerated() {
                if index == 5 {
                    #expect(outcome.error?.message == "[request id: <id_unknown>] a poisoned row")
                } else {
                    #expect(outcome.answers.first?.outputs.first?.tensor.floats == rows[index].map { $0 * 2 })
                }
            }
        }
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a request larger than a batch is split and its rows come back in order`() async throws {
        let bench = try bench(instances: 2, threads: 2)
        await flood(bench, [[1, 2], [3, 4]])
        // The proof runs after its request has been answered.
        for _ in 0..<100_000 where !bench.scheduler.statistics().batchingNote.contains("proved") { await Task.yield() }
        let values = (0..<2 * 40).map(Float.init)
        let before = bench.session.runs.count
        let outcomes = await flood(bench, [values])
        let tensor = try #require(outcomes[0].answers.first?.outputs.first?.tensor)
        #expect(tensor.shape.dimensions == [40, 2])
        #expect(tensor.floats == values.map { $0 * 2 })
        let parts = sizes(bench, since: before).filter { $0 > 1 }
        #expect(parts.count > 1)
        #expect(parts.reduce(0, +) == 40)
    }

    @Test func `an expired member leaves its batch and the others are answered`() async throws {
        let bench = try bench()
        await flood(bench, [[1, 2], [3, 4]])
        bench.session.gate.close()
        let before = bench.session.runs.count
        let first = bench.pooledSink()
        bench.submit(bench.request(input([0, 1])), to: first)
        await bench.session.gate.arrived(before + 1)
        let sinks = [bench.pooledSink(), bench.pooledSink()]
        let handles = sinks.map { bench.submit(bench.request(input([5, 6])), to: $0) }
        bench.session.gate.passOne()
        await bench.session.gate.arrived(before + 2)
        // Both are in one run now.
        #expect(sizes(bench, since: before).last == 2)
        handles[0].expire()
        #expect(await sinks[0].outcome().error?.message.hasSuffix("Request timeout expired") == true)
        #expect(bench.session.terminations.isEmpty)
        handles[1].cancel()
        #expect(await sinks[1].outcome().error?.code == .cancelled)
        #expect(bench.session.terminations == [0])
        bench.session.gate.open()
        _ = await first.outcome()
    }

    @Test func `a full queue refuses at once in Triton's words`() async throws {
        var policy = QueuePolicy()
        policy.maxSize = 2
        let bench = try bench(queue: QueueRules(policies: [policy], defaultPriority: 0))
        bench.session.gate.close()
        bench.submit(bench.request(input([1, 2])), to: bench.pooledSink())
        await bench.session.gate.arrived(1)
        let sinks = (0..<3).map { _ in bench.pooledSink() }
        for sink in sinks { bench.submit(bench.request(input([1, 2]), id: "r"), to: sink) }
        let error = try #require(sinks[2].outcomeSoFar?.error)
        #expect(error.code == .unavailable)
        #expect(error.message == "[request id: r] Exceeds maximum queue size")
        bench.session.gate.open()
        for sink in sinks { _ = await sink.outcome() }
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a request that has waited too long by its policy is refused while the instance is busy`() async throws {
        var policy = QueuePolicy()
        policy.defaultTimeout = 50
        let bench = try bench(queue: QueueRules(policies: [policy], defaultPriority: 0))
        bench.session.gate.close()
        bench.submit(bench.request(input([1, 2])), to: bench.pooledSink())
        await bench.session.gate.arrived(1)
        let sink = bench.pooledSink()
        bench.submit(bench.request(input([1, 2])), to: sink)
        bench.time.advance(byNanoseconds: 49)
        bench.scheduler.timePassed()
        #expect(!sink.hasEnded)
        bench.time.advance(byNanoseconds: 1)
        bench.scheduler.timePassed()
        #expect(sink.outcomeSoFar?.error?.message == "[request id: <id_unknown>] Request timeout expired")
        bench.session.gate.open()
    }

    @Test func `a request's timeout is its deadline unless a queue policy is written`() async throws {
        var policy = QueuePolicy()
        policy.defaultTimeout = 1_000_000
        for (queue, expected): (QueueRules, Int64?) in [
            (QueueRules(), 70), (QueueRules(policies: [policy], defaultPriority: 0), nil),
        ] {
            let bench = try bench(queue: queue)
            bench.session.gate.close()
            var request = bench.request(input([1, 2]))
            request.queueTimeout = 70
            let deadline = expected.map { bench.time.now.advanced(byNanoseconds: $0) }
            let handle = bench.submit(request, to: bench.pooledSink())
            #expect(handle.deadline.time == deadline)
            bench.session.gate.open()
        }
    }

    @Test func `higher priorities run first`() async throws {
        let bench = try bench(
            queue: QueueRules(policies: [QueuePolicy(), QueuePolicy()], defaultPriority: 2),
            isBatched: false
        )
        bench.session.gate.close()
        let first = bench.pooledSink()
        bench.submit(bench.request(input([0, 0])), to: first)
        await bench.session.gate.arrived(1)
        var sinks: [RecordingSink] = []
        for (value, priority) in [(1, 0), (2, 2), (3, 1), (4, 9)] as [(Float, UInt64)] {
            var request = bench.request(input([value, value]))
            request.priority = priority
            sinks.append(bench.pooledSink())
            bench.submit(request, to: sinks[sinks.count - 1])
        }
        bench.session.gate.passOne()
        await bench.session.gate.arrived(2)
        #expect(bench.session.runs[1].inputs[0]?.floats == [3, 3])
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
    }
}
