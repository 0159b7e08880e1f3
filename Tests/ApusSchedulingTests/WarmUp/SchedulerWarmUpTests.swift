import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Requests that are run before a version is live.
struct SchedulerWarmUpTests {
    private static let echo = ModelSignature(inputs: [Model.tensor("a")], outputs: [Model.tensor("x")])

    private let failing: FakeSession.Computation = { _ throws(EngineError) in
        throw EngineError(.runFailed, "no such row")
    }

    private func sample(_ values: [Float], count: Int = 1) -> WarmUpSample {
        WarmUpSample(
            name: "usual",
            inputs: [NamedTensor(name: "a", tensor: Tensor(floats: values))],
            count: count
        )
    }

    @Test func `samples run as often as asked on each session, and nobody counts them`() throws {
        let bench = try Bench(signature: Self.echo, configuration: .init(instances: 2))
        try bench.scheduler.warmUp([sample([1, 2], count: 3), sample([3])], after: .empty)
        #expect(bench.session.runs.map { $0.inputs[0]?.floats } == [[1, 2], [1, 2], [1, 2], [3]])
        #expect(Set(bench.session.runs.map(\.instance)) == [0])
        let statistics = bench.scheduler.statistics()
        #expect(statistics.executionCount == 0 && statistics.success.count == 0)
    }

    @Test func `a sample that doesn't fit or that fails is named`() throws {
        let bench = try Bench(signature: Self.echo)
        let wrong = WarmUpSample(name: "odd", inputs: [NamedTensor(name: "c", tensor: Tensor(floats: [1]))])
        let misfit = #expect(throws: InferenceError.self) { try bench.scheduler.warmUp([wrong], after: .empty) }
        #expect(misfit?.message.hasPrefix("model_warmup 'odd' failed: unexpected inference input 'c'") == true)
        let broken = try Bench(signature: Self.echo, compute: failing)
        let failure = #expect(throws: InferenceError.self) { try broken.scheduler.warmUp([sample([1])], after: .empty) }
        #expect(failure?.message == "model_warmup 'usual' failed: no such row")
    }

    @Test func `what a predecessor was asked is measured, so that its successor answers at once`() async throws {
        let old = try Bench(signature: Self.echo)
        await old.warmUp()
        let middle = try Bench(signature: Self.echo)
        try middle.scheduler.warmUp([], after: old.scheduler.traffic)
        // Whoever was warmed up tells its own successor.
        let new = try Bench(signature: Self.echo)
        try new.scheduler.warmUp([], after: middle.scheduler.traffic)
        #expect(new.session.runs.allSatisfy { $0.inputs[0]?.floats == [0, 0] })
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        lane.run { _ = new.submit(new.request(), to: sink) }
        #expect(sink.outcomeSoFar?.answers.count == 1)
        #expect(new.scheduler.statistics().inlineExecutionCount == 1)
    }

    @Test func `a made-up request that fails keeps nothing from being served`() async throws {
        let old = try Bench(signature: Self.echo)
        await old.warmUp()
        let new = try Bench(signature: Self.echo, compute: failing)
        try new.scheduler.warmUp([], after: old.scheduler.traffic)
        #expect(new.session.runs.count == 1)
    }

    @Test func `an instance that zeros have ended is made anew`() async throws {
        let old = try Bench(signature: Self.echo)
        await old.warmUp()
        let new = try Bench(
            signature: Self.echo,
            compute: { run throws(EngineError) in
                guard run.inputs[0]?.floats != [0, 0] else { throw EngineError(.instanceLost, "it fell over") }
                return try FakeRun.identity(run)
            }
        )
        try new.scheduler.warmUp([], after: old.scheduler.traffic)
        #expect(new.session.instanceCount == 2)
        let sink = new.pooledSink()
        new.submit(new.request(), to: sink)
        #expect(await sink.outcome().error == nil)
        #expect(new.scheduler.statistics().failover.alive == 1)
    }

    @Test func `strings are as long as those that came`() throws {
        let text = Tensor(dataType: .bytes, shape: TensorShape([2])!, storage: TensorStorage(byteCount: 100)!)
        let model = Model.description(
            ModelSignature(inputs: [Model.tensor("a", .bytes)], outputs: [Model.tensor("x", .bytes)])
        )
        let shape = CallShape(ValidatedCall(inputs: [text], outputs: [0], batchSize: 1), of: model)
        let zeros = try #require(shape.zeros(byteLimit: 1000)).first?.tensor
        #expect(zeros?.storage.byteCount == 100)
        #expect(zeros.flatMap { BytesElements.count(in: $0.storage.bytes) } == 2)
        #expect(shape.zeros(byteLimit: 99) == nil)
    }

    @Test func `the last few shapes are remembered, and none of them twice`() {
        var recent = RecentShapes()
        let model = Model.description(Model.pair)
        for size in [1, 2, 1, 3, 4, 1, 5, 5] {
            let tensor = Tensor(floats: [Float](repeating: 7, count: size))
            let call = ValidatedCall(inputs: [tensor, nil], outputs: [0], batchSize: 1)
            recent.note(UInt64(size), CallShape(call, of: model))
        }
        #expect(recent.calls.map { $0.inputs.map(\.shape.dimensions) } == [[[3]], [[4]], [[1]], [[5]]])
    }

    @Test func `tensors are filled with what their type can hold`() throws {
        for type in DataType.allCases {
            let shape = try #require(TensorShape([2, 3]))
            let zeros = try #require(Tensor.filled(type, shape, with: .zeros, byteLimit: 1000))
            #expect(unsafe zeros.storage.withUnsafeBytes { unsafe $0.allSatisfy { $0 == 0 } })
            let random = try #require(Tensor.filled(type, shape, with: .random, byteLimit: 1000))
            #expect(random.storage.byteCount == 6 * (type.byteSize ?? 4))
        }
        #expect(Tensor.filled(.fp32, TensorShape([1000])!, with: .zeros, byteLimit: 3999) == nil)
        let floats = try #require(Tensor.filled(.fp32, TensorShape([64])!, with: .random, byteLimit: 1000)).floats
        #expect(floats.allSatisfy { (0..<1).contains($0) } && Set(floats).count > 2)
    }
}
