import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// Answers that are remembered.
struct CachingFrontTests {
    @Test func `what was asked before is answered without a run`() async throws {
        let bench = try CacheBench()
        let first = await bench.ask(bench.request(id: "1")).outcome()
        let second = await bench.ask(bench.request(id: "2")).outcome()
        #expect(bench.session.runs.count == 1)
        #expect(second.answers.map(\.id) == ["2"])
        #expect(second.answers[0].outputs.map(\.name) == ["x"])
        #expect(second.answers[0].outputs[0].tensor.floats == first.answers[0].outputs[0].tensor.floats)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `an answer on its caller's lane is given before submit returns`() async throws {
        let bench = try CacheBench()
        _ = await bench.ask(bench.request()).outcome()
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        let handle = lane.run { bench.ask(bench.request(), sink) }
        #expect(handle.isFinished)
        #expect(sink.outcomeSoFar?.error == nil)
        #expect(sink.hasEnded)
        #expect(sink.faults.isEmpty)
        #expect(bench.session.runs.count == 1)
    }

    @Test func `hits share one copy, which is not the engine's memory`() async throws {
        let bench = try CacheBench()
        let first = await bench.ask(bench.request()).outcome().answers[0].outputs[0].tensor.storage
        let second = await bench.ask(bench.request()).outcome().answers[0].outputs[0].tensor.storage
        let third = await bench.ask(bench.request()).outcome().answers[0].outputs[0].tensor.storage
        #expect(first !== second)
        #expect(second === third)
    }

    @Test func `who asks and how urgently makes no difference, what is asked does`() async throws {
        let bench = CacheBench(
            try Bench(compute: { run throws(EngineError) in run.outputs.map { _ in Tensor(floats: [3]) } })
        )
        _ = await bench.ask(bench.request([1, 2])).outcome()
        var urgent = bench.request([1, 2], id: "other", deadline: 1_000_000)
        urgent.priority = 1
        urgent.caller = Caller(key: "somebody")
        urgent.traceParent = "00-1"
        urgent.queueTimeout = 5_000_000
        _ = await bench.ask(urgent).outcome()
        #expect(bench.session.runs.count == 1)
        _ = await bench.ask(bench.request([2, 1])).outcome()
        _ = await bench.ask(bench.request([1, 2], outputs: ["y"])).outcome()
        var custom = bench.request([1, 2])
        custom.parameters = ["k": .int(1)]
        _ = await bench.ask(custom).outcome()
        #expect(bench.session.runs.count == 4)
        // All outputs by name, or by saying nothing.
        _ = await bench.ask(bench.request([1, 2], outputs: ["y", "x"])).outcome()
        _ = await bench.ask(bench.request([1, 2], outputs: [])).outcome()
        #expect(bench.session.runs.count == 5)
    }

    @Test func `what doesn't fit the model is refused in the same words, cached or not`() async throws {
        let bench = try CacheBench()
        _ = await bench.ask(bench.request()).outcome()
        let plain = bench.bench.pooledSink()
        bench.bench.submit(bench.bench.request([], id: "r"), to: plain)
        var bad = bench.request(id: "r")
        bad.inputs = []
        let cached = await bench.ask(bad).outcome()
        #expect(cached.error?.message == (await plain.outcome()).error?.message)
        #expect(cached.error?.message.hasPrefix("[request id: r] expected 1 inputs") == true)
        let late = await bench.ask(bench.request(id: "late", deadline: 0)).outcome()
        #expect(late.error?.message == "[request id: late] Request timeout expired")
        #expect(bench.session.runs.count == 1)
    }

    @Test func `a failure is not remembered`() async throws {
        let bench = try CacheBench()
        bench.session.failNextRun(with: EngineError(.runFailed, "once"))
        #expect(await bench.ask(bench.request(id: "a")).outcome().error?.message == "[request id: a] once")
        #expect(await bench.ask(bench.request()).outcome().error == nil)
        #expect(bench.session.runs.count == 2)
    }

    @Test func `an answer becomes too old`() async throws {
        let bench = try CacheBench(configuration: .init(timeToLive: 1000))
        _ = await bench.ask(bench.request()).outcome()
        bench.time.advance(byNanoseconds: 999)
        _ = await bench.ask(bench.request()).outcome()
        #expect(bench.session.runs.count == 1)
        bench.time.advance(byNanoseconds: 1)
        _ = await bench.ask(bench.request()).outcome()
        #expect(bench.session.runs.count == 2)
    }

    @Test func `all models together remember no more than the limit`() async throws {
        let cache = ResponseCache(byteLimit: 8 * (RememberedAnswer.overhead + RememberedAnswer.tensorOverhead + 8))
        let benches = [CacheBench(try Bench(), cache: cache), CacheBench(try Bench(), cache: cache)]
        for number in 0..<20 {
            for bench in benches {
                _ = await bench.ask(bench.request([Float(number), 0])).outcome()
                let usage = try #require(cache.usage)
                #expect(usage.byteCount <= usage.byteLimit)
                #expect(usage.answers <= 8)
            }
        }
        #expect(cache.usage?.answers == 8)
        for bench in benches {
            _ = await bench.ask(bench.request([19, 0])).outcome()
            #expect(bench.session.runs.count == 20)
            _ = await bench.ask(bench.request([0, 0])).outcome()
            #expect(bench.session.runs.count == 21)
        }
    }

    @Test func `an answer of more than a quarter of the cache is not kept`() async throws {
        let overhead = RememberedAnswer.overhead + RememberedAnswer.tensorOverhead
        let cache = ResponseCache(byteLimit: 4 * (overhead + 400))
        let bench = CacheBench(try Bench(), cache: cache)
        for length in [100, 101] {
            let before = bench.session.runs.count
            for _ in 0..<2 { _ = await bench.ask(bench.request([Float](repeating: 0, count: length))).outcome() }
            #expect(bench.session.runs.count - before == (length == 100 ? 1 : 2))
        }
        #expect(cache.usage?.byteCount == overhead + 400)
    }

    @Test func `with no room at all nothing is remembered`() async throws {
        let bench = CacheBench(try Bench(), cache: ResponseCache(byteLimit: 0))
        for _ in 0..<2 { #expect(await bench.ask(bench.request()).outcome().error == nil) }
        #expect(bench.session.runs.count == 2)
    }

    @Test func `a version's answers go with it and are no other version's`() async throws {
        let cache = ResponseCache(byteLimit: 1 << 20)
        let old = CacheBench(try Bench(), cache: cache)
        let new = CacheBench(
            try Bench(compute: { run throws(EngineError) in
                [Tensor(floats: run.inputs[0]?.floats.map { $0 * 2 } ?? [])]
            }),
            cache: cache
        )
        #expect(await old.ask(old.request([1])).outcome().answers.first?.outputs.first?.tensor.floats == [1])
        #expect(await new.ask(new.request([1])).outcome().answers.first?.outputs.first?.tensor.floats == [2])
        #expect(cache.usage?.answers == 2)
        old.front.unload()
        #expect(cache.usage?.answers == 1)
        #expect(await new.ask(new.request([1])).outcome().answers.first?.outputs.first?.tensor.floats == [2])
        #expect(new.session.runs.count == 1)
    }

    @Test func `requests of a sequence are neither remembered nor answered from memory`() async throws {
        let bench = try CacheBench()
        _ = await bench.ask(bench.request()).outcome()
        var request = bench.request()
        request.sequence = SequencePosition(id: .number(1), isStart: true, isEnd: true)
        _ = await bench.ask(request).outcome()
        #expect(bench.session.runs.count == 2)
    }

    @Test func `hits and misses are counted as the statistics extension says`() async throws {
        let bench = try CacheBench()
        bench.session.durations = .init(input: 1, infer: 10, output: 100)
        for _ in 0..<3 { _ = await bench.ask(bench.request()).outcome() }
        _ = await bench.ask(bench.request([7])).outcome()
        let statistics = bench.statistics
        #expect(statistics.cache?.hit.count == 2)
        #expect(statistics.cache?.miss.count == 2)
        #expect(statistics.cache?.savedRuns == 0)
        #expect(statistics.success.count == 4)
        #expect(statistics.success.nanoseconds == 222)
        #expect(statistics.queue.count == 4)
        #expect(statistics.computeInfer.count == 2)
        #expect(statistics.computeInfer.nanoseconds == 20)
        #expect(statistics.inferenceCount == 2)
        #expect(statistics.executionCount == 2)
        #expect(statistics.fail.count == 0)
        #expect(statistics.lastInference > 0)
        #expect(statistics.histograms[ModelStatistics.Phase.request.rawValue].counts.reduce(0, +) == 4)
        #expect(bench.bench.scheduler.statistics().cache == nil)
    }
}
