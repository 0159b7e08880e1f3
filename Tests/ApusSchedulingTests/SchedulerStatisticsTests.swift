import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct SchedulerStatisticsTests {
    @Test func `counts and sums are exact`() async throws {
        let bench = try Bench(maxBatchSize: 8, threads: 1)
        bench.session.durations = FakeSession.Durations(input: 3, infer: 50, output: 7)
        for rows in [2, 2, 5] {
            let floats = [Float](repeating: 0, count: rows)
            let request = bench.request([NamedTensor(name: "a", tensor: Tensor(floats: floats))])
            bench.time.advance(byNanoseconds: 11)
            let sink = bench.pooledSink()
            bench.submit(request, to: sink)
            let timings = try #require(await sink.outcome().answers.first).timings
            #expect(timings.queued.nanoseconds(since: timings.received) == 11)
            #expect(timings.computeEnded.nanoseconds(since: timings.received) == 71)
        }
        let statistics = bench.scheduler.statistics()
        #expect(statistics.inferenceCount == 9)
        #expect(statistics.executionCount == 3)
        #expect(statistics.inlineExecutionCount == 0)
        expect(statistics.success, count: 3, nanoseconds: 3 * 71)
        expect(statistics.queue, count: 3, nanoseconds: 0)
        expect(statistics.computeInput, count: 3, nanoseconds: 9)
        expect(statistics.computeInfer, count: 3, nanoseconds: 150)
        expect(statistics.computeOutput, count: 3, nanoseconds: 21)
        expect(statistics.fail, count: 0, nanoseconds: 0)
        #expect(statistics.batches.keys.sorted() == [2, 5])
        let pair = try #require(statistics.batches[2])
        expect(pair.computeInput, count: 2, nanoseconds: 6)
        expect(pair.computeInfer, count: 2, nanoseconds: 100)
        expect(pair.computeOutput, count: 2, nanoseconds: 14)
        #expect(statistics.lastInference > 0)
    }

    @Test func `a version tells since when it is loaded and how large its runs may be`() throws {
        let bench = try Bench(threads: 1)
        bench.time.advance(byNanoseconds: 42)
        let statistics = bench.scheduler.statistics()
        #expect(statistics.ageNanoseconds == 42)
        // Nobody has found out yet whether requests may share runs.
        #expect(statistics.batchLimit == 1)
    }

    @Test func `the rows of a request that is split are counted once`() async throws {
        var configuration = Scheduler.Configuration(instances: 2)
        configuration.allowsInlineRuns = false
        let bench = try Bench(
            signature: SchedulerBatchingTests.signature,
            maxBatchSize: 64,
            compute: SchedulerBatchingTests.double,
            configuration: configuration,
            isBatched: true
        )
        func ask(rows: Int) -> RecordingSink {
            let values = (0..<2 * rows).map(Float.init)
            let sink = bench.pooledSink()
            bench.submit(bench.request([NamedTensor(name: "a", tensor: Tensor([rows, 2], floats: values))]), to: sink)
            return sink
        }
        // Some wait, so that it is found out whether rows may be joined, and hence taken apart.
        bench.session.gate.close()
        let waiting = (0..<4).map { _ in ask(rows: 1) }
        await bench.session.gate.arrived(2)
        bench.session.gate.open()
        for sink in waiting { _ = await sink.outcome() }
        #expect(await ask(rows: 40).outcome().answers.first?.outputs.first?.tensor.shape.dimensions == [40, 2])
        let statistics = bench.scheduler.statistics()
        #expect(statistics.batches[40] == nil)
        #expect(statistics.batches.reduce(0) { $0 + $1.key * Int($1.value.computeInfer.count) } == 44)
        #expect(statistics.inferenceCount == 44)
    }

    @Test func `histograms count what the sums count`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.durations = FakeSession.Durations(input: 10_000, infer: 10_001, output: 0)
        let sink = bench.pooledSink()
        bench.submit(bench.request(), to: sink)
        _ = await sink.outcome()
        let histograms = bench.scheduler.statistics().histograms
        func histogram(_ phase: ModelStatistics.Phase) -> LatencyHistogram { histograms[phase.rawValue] }
        #expect(histogram(.computeInput).counts[0] == 1)
        #expect(histogram(.computeInfer).counts[1] == 1)
        #expect(histogram(.computeOutput).counts[0] == 1)
        #expect(histogram(.request).nanoseconds == 20_001)
        #expect(histogram(.request).counts.reduce(0, +) == 1)
    }

    @Test func `the time in the queue is counted`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let first = bench.pooledSink()
        let second = bench.pooledSink()
        bench.submit(bench.request(), to: first)
        await bench.session.gate.arrived(1)
        bench.submit(bench.request(), to: second)
        bench.time.advance(byNanoseconds: 400)
        bench.session.gate.open()
        _ = await first.outcome()
        _ = await second.outcome()
        let statistics = bench.scheduler.statistics()
        expect(statistics.queue, count: 2, nanoseconds: 400)
        expect(statistics.computeInfer, count: 2, nanoseconds: 400)
    }

    @Test func `an inline run counts like others, and as one`() async throws {
        let bench = try Bench()
        await bench.warmUp()
        bench.session.durations = FakeSession.Durations(input: 1, infer: 2, output: 4)
        let before = bench.scheduler.statistics()
        bench.submit(bench.request(), to: RecordingSink())
        let after = bench.scheduler.statistics()
        #expect(after.inlineExecutionCount == 1)
        #expect(after.executionCount == before.executionCount + 1)
        #expect(after.success.nanoseconds == before.success.nanoseconds + 7)
    }

    @Test func `failures count in their own place and nowhere else`() async throws {
        let bench = try Bench()
        bench.session.durations = FakeSession.Durations(input: 1, infer: 2, output: 4)
        bench.session.failNextRun(with: EngineError(.runFailed, "it broke"))
        let failed = bench.pooledSink()
        bench.submit(bench.request(), to: failed)
        _ = await failed.outcome()
        let request = bench.request(outputs: ["q"])
        bench.time.advance(byNanoseconds: 100)
        let unfit = bench.pooledSink()
        bench.submit(request, to: unfit)
        _ = await unfit.outcome()
        let statistics = bench.scheduler.statistics()
        #expect(statistics.failures == [0, 0, 1, 1])
        expect(statistics.fail, count: 2, nanoseconds: 3 + 100)
        expect(statistics.success, count: 0, nanoseconds: 0)
        expect(statistics.computeInfer, count: 0, nanoseconds: 0)
        #expect(statistics.inferenceCount == 0)
        #expect(statistics.executionCount == 0)
    }

    @Test func `a fresh version has counted nothing`() throws {
        let bench = try Bench(configuration: .init(instances: 1, loadNanoseconds: 12))
        let statistics = bench.scheduler.statistics()
        #expect(statistics.lastInference == 0)
        #expect(statistics.pending == 0)
        #expect(statistics.loadNanoseconds == 12)
        #expect(statistics.schedulingNote.hasPrefix("runs on engine threads"))
    }

    @Test func `a client that sends every batch size doesn't make it remember them all`() async throws {
        let bench = try Bench(maxBatchSize: 5000, threads: 1)
        await bench.warmUp()
        for rows in 1...1500 {
            let tensor = Tensor(floats: [Float](repeating: 0, count: rows))
            let sink = bench.pooledSink()
            bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
            if rows == 1500 { _ = await sink.outcome() }
        }
        let statistics = bench.scheduler.statistics()
        #expect(statistics.batches.count == 1024)
        #expect(statistics.executionCount == 1504)
    }

    private func expect(
        _ statistic: DurationStatistic,
        count: UInt64,
        nanoseconds: UInt64,
        at location: SourceLocation = #_sourceLocation
    ) {
        #expect(statistic.count == count, sourceLocation: location)
        #expect(statistic.nanoseconds == nanoseconds, sourceLocation: location)
    }
}
