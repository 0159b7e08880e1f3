import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

struct SchedulerTests {
    @Test func `an answer comes on the sink's lane`() async throws {
        let bench = try Bench()
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        bench.submit(bench.request(id: "r1"), to: sink)
        await lane.delivered(1)
        #expect(!sink.hasEnded)
        lane.carryOut()
        let outcome = try #require(sink.outcomeSoFar)
        #expect(outcome.error == nil)
        #expect(outcome.answers.map(\.id) == ["r1"])
        #expect(outcome.answers[0].outputs.map(\.name) == ["x"])
        #expect(outcome.answers[0].outputs[0].tensor.floats == [1, 2])
        #expect(lane.deliveries == [1])
        #expect(sink.faults.isEmpty)
    }

    @Test func `a measured request on its lane is answered before submit returns`() async throws {
        let bench = try Bench()
        await bench.warmUp()
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        lane.run { _ = bench.submit(bench.request(id: "r2"), to: sink) }
        let outcome = try #require(sink.outcomeSoFar)
        #expect(outcome.error == nil)
        #expect(outcome.answers.map(\.id) == ["r2"])
        #expect(lane.deliveries.isEmpty)
        #expect(sink.faults.isEmpty)
        #expect(bench.scheduler.statistics().inlineExecutionCount == 1)
    }

    @Test func `requests run in the order in which they came`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let sinks = (0..<8).map { _ in bench.pooledSink() }
        for (number, sink) in sinks.enumerated() {
            let tensor = Tensor(floats: [Float(number)])
            bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
        }
        await bench.session.gate.arrived(1)
        #expect(bench.scheduler.statistics().pending == 7)
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(bench.session.runs.map { $0.inputs[0]?.floats ?? [] } == (0..<8).map { [Float($0)] })
        #expect(bench.scheduler.statistics().pending == 0)
    }

    @Test func `instances run at the same time, each one request`() async throws {
        let bench = try Bench(threads: 3, configuration: .init(instances: 3))
        #expect(bench.session.instanceCount == 3)
        bench.session.gate.close()
        let sinks = (0..<4).map { _ in bench.pooledSink() }
        for sink in sinks { bench.submit(bench.request(), to: sink) }
        await bench.session.gate.arrived(3)
        #expect(Set(bench.session.runs.map(\.instance)) == [0, 1, 2])
        #expect(bench.scheduler.statistics().pending == 1)
        bench.session.gate.open()
        for sink in sinks { _ = await sink.outcome() }
        #expect(bench.session.overlaps == 0)
    }

    @Test func `only the outputs asked for are computed and given`() async throws {
        let b = NamedTensor(name: "b", tensor: Tensor(floats: [9]))
        let a = NamedTensor(name: "a", tensor: Tensor(floats: [1]))
        let bench = try Bench()
        for (asked, given): ([String], [String]) in [(["y"], ["y"]), ([], ["x", "y"]), (["y", "x"], ["x", "y"])] {
            let sink = bench.pooledSink()
            bench.submit(bench.request([b, a], outputs: asked), to: sink)
            #expect(await sink.outcome().answers.first?.outputs.map(\.name) == given)
        }
        #expect(bench.session.runs.map(\.outputs) == [[1], [0, 1], [0, 1]])
    }

    @Test func `outputs that clients see are the session's at other places`() async throws {
        let signature = ModelSignature(
            inputs: [Model.tensor("a"), Model.tensor("b"), Model.tensor("c")],
            outputs: [Model.tensor("x"), Model.tensor("y"), Model.tensor("z")]
        )
        let bench = try Bench(signature: signature, served: [0, 2])
        let inputs = zip(["a", "b", "c"], [1, 2, 3] as [Float]).map {
            NamedTensor(name: $0, tensor: Tensor(floats: [$1]))
        }
        for (asked, runs): ([String], [Int]) in [([], [0, 2]), (["z"], [2])] {
            let sink = bench.pooledSink()
            bench.submit(bench.request(inputs, outputs: asked), to: sink)
            let outputs = try #require(await sink.outcome().answers.first).outputs
            #expect(outputs.last?.name == "z")
            #expect(outputs.last?.tensor.floats == [3])
            #expect(bench.session.runs.last?.outputs == runs)
        }
        let sink = bench.pooledSink()
        bench.submit(bench.request(inputs, outputs: ["y"]), to: sink)
        let words = try #require(await sink.outcome().error).message
        #expect(words.hasSuffix("unexpected inference output 'y', allowed outputs are: x, z"))
    }

    @Test func `an engine's failure becomes the request's, with its id in front`() async throws {
        let codes: [(EngineError.Code, InferenceError.Code)] = [
            (.invalidInput, .invalidArgument), (.terminated, .cancelled), (.outOfMemory, .resourceExhausted),
            (.runFailed, .engineFailure), (.other, .engineFailure),
        ]
        let bench = try Bench()
        for (engine, request) in codes {
            bench.session.failNextRun(with: EngineError(engine, "it broke"))
            let sink = bench.pooledSink()
            bench.submit(bench.request(id: "r"), to: sink)
            let outcome = await sink.outcome()
            #expect(outcome.answers.isEmpty)
            #expect(outcome.error?.code == request)
            #expect(outcome.error?.message == "[request id: r] it broke")
            #expect(outcome.error?.cause is EngineError)
        }
        let failures = bench.scheduler.statistics().failures
        // In the order of FailureReason's cases: rejected, cancelled, engine, other.
        #expect(failures == [0, 1, 4, 0])
    }

    @Test func `an inline run that fails ends its request too`() async throws {
        let bench = try Bench()
        await bench.warmUp()
        bench.session.failNextRun(with: EngineError(.runFailed, "it broke"))
        let sink = RecordingSink()
        bench.submit(bench.request(), to: sink)
        #expect(sink.outcomeSoFar?.error?.message == "[request id: <id_unknown>] it broke")
        #expect(bench.holder.ended == bench.holder.opened)
        let next = RecordingSink()
        bench.submit(bench.request(), to: next)
        #expect(next.outcomeSoFar?.error == nil)
    }

    @Test func `a request that doesn't fit the model never reaches it`() async throws {
        let bench = try Bench()
        let inputs = [NamedTensor(name: "q", tensor: Tensor(floats: [1]))]
        let sink = RecordingSink()
        bench.submit(bench.request(inputs, id: "7"), to: sink)
        #expect(
            sink.outcomeSoFar?.error?.message
                == "[request id: 7] unexpected inference input 'q', allowed inputs are: a, b"
        )
        let lane = RecordingLane()
        let other = RecordingSink(lane: lane)
        bench.submit(bench.request(inputs), to: other)
        #expect(!other.hasEnded)
        lane.carryOut()
        #expect(other.outcomeSoFar?.error?.message.hasPrefix("[request id: <id_unknown>] unexpected") == true)
        #expect(other.faults.isEmpty)
        #expect(bench.session.runs.isEmpty)
    }

    @Test func `an engine without instances makes no scheduler`() throws {
        let session = FakeSession(signature: Model.pair)
        session.failNextInstance(with: EngineError(.outOfMemory, "no memory"))
        let error = #expect(throws: EngineError.self) {
            _ = try Scheduler(
                description: Model.description(Model.pair),
                session: session,
                pool: try EngineThreadPool(threadCount: 1),
                time: ManualTime(),
                configuration: .init(instances: 2)
            )
        }
        #expect(error?.code == .outOfMemory)
    }

    @Test func `a model whose cost depends on values never runs on an event loop`() async throws {
        let signature = ModelSignature(
            inputs: Model.pair.inputs,
            outputs: Model.pair.outputs,
            hasDataDependentCost: true
        )
        let bench = try Bench(signature: signature)
        for _ in 0..<20 {
            let sink = RecordingSink()
            bench.submit(bench.request(), to: sink)
            _ = await sink.outcome()
        }
        #expect(bench.scheduler.statistics().inlineExecutionCount == 0)
        #expect(bench.scheduler.statistics().executionCount == 20)
        #expect(bench.scheduler.statistics().schedulingNote.contains("values of the model's inputs"))
    }

    @Test func `inline runs can be forbidden`() async throws {
        let bench = try Bench(configuration: .init(instances: 1, allowsInlineRuns: false))
        await bench.warmUp()
        let sink = RecordingSink()
        bench.submit(bench.request(), to: sink)
        _ = await sink.outcome()
        #expect(bench.scheduler.statistics().inlineExecutionCount == 0)
        #expect(bench.scheduler.statistics().schedulingNote.contains("inline_runs: false"))
    }

    @Test func `a request doesn't overtake the queue by running inline`() async throws {
        let bench = try Bench(threads: 1)
        await bench.warmUp()
        bench.session.gate.close()
        let sinks = [bench.pooledSink(), bench.pooledSink(), RecordingSink()]
        for sink in sinks { bench.submit(bench.request(), to: sink) }
        #expect(!sinks[2].hasEnded)
        bench.session.gate.open()
        for sink in sinks { #expect(await sink.outcome().error == nil) }
        #expect(bench.scheduler.statistics().inlineExecutionCount == 0)
    }

    @Test func `strings of another size don't run inline on the strength of short ones`() async throws {
        let signature = ModelSignature(
            inputs: [Model.tensor("a", .bytes, [1])],
            outputs: [Model.tensor("x", .bytes, [1])]
        )
        let bench = try Bench(signature: signature)
        func run(length: Int, isOnLane: Bool) async {
            let tensor = Tensor(texts: [String(repeating: "a", count: length)])
            let sink = RecordingSink(lane: ImmediateLane(isCurrent: isOnLane))
            bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
            #expect(await sink.outcome().error == nil)
        }
        for _ in 0..<InlinePolicy.neededScore { await run(length: 10, isOnLane: false) }
        await run(length: 10, isOnLane: true)
        #expect(bench.scheduler.statistics().inlineExecutionCount == 1)
        await run(length: 1_000_000, isOnLane: true)
        #expect(bench.scheduler.statistics().inlineExecutionCount == 1)
    }

    @Test func `unloading lets the session go while somebody still holds the scheduler`() throws {
        var session: FakeSession? = FakeSession(signature: Model.pair)
        weak let watched = session
        let scheduler = try Scheduler(
            description: Model.description(Model.pair),
            session: try #require(session),
            pool: try EngineThreadPool(threadCount: 1),
            time: ManualTime(),
            configuration: .init(instances: 2)
        )
        session = nil
        #expect(watched != nil)
        scheduler.unload()
        #expect(watched == nil)
        #expect(scheduler.statistics().executionCount == 0)
    }
}
