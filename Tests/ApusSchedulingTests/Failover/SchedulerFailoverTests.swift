import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// Instances that are lost, and what becomes of the requests that they had.
struct SchedulerFailoverTests {
    /// Doubles every element; the instance dies of 13.
    static let deadly: FakeSession.Computation = { run throws(EngineError) in
        guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
        if input.floats.contains(13) { throw EngineError(.instanceLost, "the worker died") }
        return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 * 2 })]
    }

    private func bench(
        instances: Int = 1,
        isBatched: Bool = false,
        isInline: Bool = false,
        onEvent: @escaping @Sendable (SchedulerEvent) -> Void = { _ in }
    ) throws -> Bench {
        var configuration = Scheduler.Configuration(instances: instances)
        configuration.allowsInlineRuns = isInline
        configuration.onEvent = onEvent
        return try Bench(
            signature: isInline
                ? ModelSignature(inputs: [Model.tensor("a")], outputs: [Model.tensor("x")])
                : SchedulerBatchingTests.signature,
            threads: 2,
            compute: SchedulerFailoverTests.deadly,
            configuration: configuration,
            isBatched: isBatched
        )
    }

    private func input(_ values: [Float]) -> [NamedTensor] {
        [NamedTensor(name: "a", tensor: Tensor([values.count / 2, 2], floats: values))]
    }

    private func ask(_ bench: Bench, _ values: [Float]) async -> RecordingSink.Outcome {
        let sink = bench.pooledSink()
        bench.submit(bench.request(input(values)), to: sink)
        return await sink.outcome()
    }

    /// Lets requests wait behind a run on each instance, so that they come together.
    private func flood(_ bench: Bench, _ rows: [[Float]]) async -> [RecordingSink.Outcome] {
        bench.session.gate.close()
        let before = bench.session.gate.arrivals
        let first = bench.pooledSink()
        bench.submit(bench.request(input([0, 1])), to: first)
        await bench.session.gate.arrived(before + 1)
        let sinks = rows.map { values in
            let sink = bench.pooledSink()
            bench.submit(bench.request(input(values)), to: sink)
            return sink
        }
        bench.session.gate.open()
        var outcomes: [RecordingSink.Outcome] = []
        for sink in sinks { outcomes.append(await sink.outcome()) }
        _ = await first.outcome()
        return outcomes
    }

    @Test(arguments: [1, 2])
    func `a request whose instance is lost runs on another one`(_ instances: Int) async throws {
        let bench = try bench(instances: instances)
        bench.session.failNextRun(with: EngineError(.instanceLost, "the device is gone"))
        let outcome = await ask(bench, [1, 2])
        #expect(outcome.answers.first?.outputs.first?.tensor.floats == [2, 4])
        #expect(bench.session.deaths.count == 1)
        let runs = bench.session.runs.map(\.instance)
        #expect(runs.count == 2)
        #expect(runs[0] != runs[1])
        let statistics = bench.scheduler.statistics()
        #expect(statistics.failover.lost == 1)
        #expect(statistics.failover.retried == 1)
        #expect(statistics.success.count == 1)
        #expect(statistics.fail.count == 0)
        #expect(bench.holder.ended == 1)
    }

    @Test func `a request that two instances were lost with is not tried again, nor are others like it`() async throws {
        let events = Mutex<[String]>([])
        let bench = try bench(instances: 2) { event in
            if case .requestConfined(let id, _) = event { events.withLock { $0.append(id) } }
        }
        let guilty = bench.pooledSink()
        bench.submit(bench.request(input([13, 2]), id: "g"), to: guilty)
        let error = await guilty.outcome().error
        #expect(error?.code == .engineFailure)
        #expect(
            error?.message
                == "[request id: g] 2 instances of the model were lost while they ran this request: the worker died"
        )
        #expect(bench.session.deaths.count == 2)
        #expect(events.withLock { $0 } == ["g"])
        let again = await ask(bench, [13, 2])
        #expect(again.error?.code == .engineFailure)
        #expect(again.error?.message.contains("so it is refused") == true)
        #expect(bench.session.deaths.count == 2)
        #expect(await ask(bench, [12, 2]).error == nil)
        var statistics = bench.scheduler.statistics()
        #expect(statistics.failover.confined == 1)
        #expect(statistics.failover.refused == 1)
        #expect(statistics.fail.count == 2)
        bench.time.advance(byNanoseconds: Quarantine.term)
        #expect(await ask(bench, [13, 2]).error?.message.contains("2 instances") == true)
        statistics = bench.scheduler.statistics()
        #expect(statistics.failover.confined == 2)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test(.timeLimit(.minutes(1)))
    func `one that is called back on its way back to the queue takes no instance with it`() async throws {
        let second = Mutex<CancellationHandle?>(nil)
        var configuration = Scheduler.Configuration(instances: 2)
        configuration.allowsInlineRuns = false
        let bench = try Bench(
            signature: SchedulerBatchingTests.signature,
            threads: 2,
            compute: { run throws(EngineError) in
                guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
                let isHit = input.floats.contains(50)
                if isHit, input.shape.dimensions[0] > 1 { throw EngineError(.runFailed, "halve it") }
                if isHit, let handle = second.withLock({ $0.take() }) {
                    // The other half isn't wanted any more when the instance dies.
                    handle.cancel()
                    throw EngineError(.instanceLost, "the worker died")
                }
                return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 * 2 })]
            },
            configuration: configuration,
            isBatched: true
        )
        _ = await flood(bench, [[1, 2], [3, 4]])
        // Both instances are busy, so that the two wait together.
        bench.session.gate.close()
        let before = bench.session.gate.arrivals
        let busy = (0..<2).map { _ in bench.pooledSink() }
        for (index, sink) in busy.enumerated() {
            bench.submit(bench.request(input([Float(index), 9])), to: sink)
            await bench.session.gate.arrived(before + 1 + index)
        }
        let sinks = [bench.pooledSink(), bench.pooledSink()]
        bench.submit(bench.request(input([50, 1])), to: sinks[0])
        let handle = bench.submit(bench.request(input([51, 1])), to: sinks[1])
        second.withLock { $0 = handle }
        bench.session.gate.open()
        for sink in busy + sinks { _ = await sink.outcome() }
        for value in 0..<20 {
            #expect(await ask(bench, [Float(value), 3]).error == nil)
        }
        #expect(bench.holder.ended == bench.holder.opened)
    }

    /// To compare it would hold an event loop up for tens of milliseconds.
    @Test func `a request that is too large to be recognised is given up and not refused`() async throws {
        var configuration = Scheduler.Configuration(instances: 2)
        configuration.allowsInlineRuns = false
        let bench = try Bench(
            signature: SchedulerBatchingTests.signature,
            compute: { run throws(EngineError) in
                let first = unsafe run.inputs[0]?.storage.withUnsafeBytes { unsafe $0.load(as: Float.self) }
                if first == 13 { throw EngineError(.instanceLost, "the worker died") }
                return [Tensor([1, 2], floats: [1, 2])]
            },
            configuration: configuration
        )
        #expect(await ask(bench, [13, 2]).error != nil)
        bench.time.advance(byNanoseconds: InstanceRepair.longestPause)
        #expect(await ask(bench, [1, 2]).error == nil)
        let storage = try #require(TensorStorage(byteCount: CachingFront.maxInputBytes + 8))
        unsafe storage.withUnsafeMutableBytes { unsafe $0.storeBytes(of: Float(13).bitPattern, as: UInt32.self) }
        let shape = try #require(TensorShape([storage.byteCount / 8, 2]))
        let large = NamedTensor(name: "a", tensor: Tensor(dataType: .fp32, shape: shape, storage: storage))
        for _ in 0..<2 {
            let sink = bench.pooledSink()
            bench.submit(bench.request([large]), to: sink)
            let error = await sink.outcome().error
            #expect(error?.message.contains("2 instances") == true)
            #expect(error?.hint == "it is not tried again")
            bench.time.advance(byNanoseconds: InstanceRepair.longestPause)
        }
        let statistics = bench.scheduler.statistics()
        #expect(statistics.failover.confined == 1)
        #expect(statistics.failover.refused == 0)
        #expect(bench.session.deaths.count == 6)
    }

    @Test func `of a batch that dies only the guilty one is given up`() async throws {
        let bench = try bench(instances: 2, isBatched: true)
        _ = await flood(bench, [[1, 2], [3, 4]])
        for round in 0..<4 {
            var rows: [[Float]] = (0..<12).map { [Float($0), Float(20 + round)] }
            rows[5] = [13, Float(100 + round)]
            let outcomes = await flood(bench, rows)
            for (index, outcome) in outcomes.enumerated() {
                if index == 5 {
                    #expect(outcome.error?.message.contains("2 instances") == true)
                } else {
                    #expect(outcome.answers.first?.outputs.first?.tensor.floats == rows[index].map { $0 * 2 })
                }
            }
            bench.time.advance(byNanoseconds: InstanceRepair.longestPause)
        }
        #expect(bench.scheduler.statistics().failover.confined == 4)
        #expect(bench.session.overlaps == 0)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a large request of which a part was lost comes back whole`() async throws {
        let bench = try bench(instances: 2, isBatched: true)
        _ = await flood(bench, [[1, 2], [3, 4]])
        bench.session.failNextRun(with: EngineError(.instanceLost, "the device is gone"))
        let values = (0..<128).map { Float($0 + 20) }
        #expect(await ask(bench, values).answers.first?.outputs.first?.tensor.floats == values.map { $0 * 2 })
        #expect(bench.session.deaths.count == 1)
    }

    @Test func `a model without any instance answers unavailable and keeps trying`() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        let bench = try bench { event in
            switch event {
            case .instanceMade: continuation.yield("made")
            case .instanceNotMade: continuation.yield("not made")
            default: break
            }
        }
        var tries = events.makeAsyncIterator()
        bench.session.failNextRun(with: EngineError(.instanceLost, "the device is gone"))
        for _ in 0..<2 { bench.session.failNextInstance(with: EngineError(.other, "no device")) }
        #expect(throws: Never.self) { try bench.scheduler.checkReadiness() }
        let outcome = await ask(bench, [1, 2])
        #expect(outcome.error?.code == .unavailable)
        #expect(outcome.error?.message.contains("all instances of the model are lost") == true)
        #expect(await tries.next() == "not made")
        #expect(bench.scheduler.statistics().failover.alive == 0)
        let waiting = bench.pooledSink()
        #expect(bench.submit(bench.request(input([1, 2])), to: waiting).isFinished)
        #expect(waiting.outcomeSoFar?.error?.code == .unavailable)
        let cached = CachingFront(bench.scheduler, cache: ResponseCache(byteLimit: 1 << 20), time: bench.time)
        for front in [bench.scheduler, cached] as [any RequestFront] {
            let reason = #expect(throws: InferenceError.self) { try front.checkReadiness() }
            #expect(reason?.code == .unavailable)
        }
        bench.time.advance(byNanoseconds: InstanceRepair.firstPause)
        #expect(await tries.next() == "not made")
        bench.time.advance(byNanoseconds: 2 * InstanceRepair.firstPause)
        #expect(await tries.next() == "made")
        #expect(throws: Never.self) { try cached.checkReadiness() }
        #expect(await ask(bench, [1, 2]).error == nil)
        #expect(bench.scheduler.statistics().failover.alive == 1)
    }

    @Test func `one that waits for a new instance is answered at its deadline`() async throws {
        let bench = try bench()
        _ = await ask(bench, [13, 2])
        // The instance was lost twice in a row: the next one comes later.
        let sink = bench.pooledSink()
        let deadline = bench.time.now.advanced(byNanoseconds: InstanceRepair.firstPause / 2)
        bench.submit(bench.request(input([1, 2]), deadline: deadline), to: sink)
        #expect(!sink.hasEnded)
        bench.time.advance(byNanoseconds: InstanceRepair.firstPause / 2)
        #expect(await sink.outcome().error?.message.hasSuffix("Request timeout expired") == true)
    }

    @Test func `an instance lost on an event loop costs its request nothing`() async throws {
        let bench = try bench(isInline: true)
        await bench.warmUp()
        bench.session.failNextRun(with: EngineError(.instanceLost, "the device is gone"))
        let sink = RecordingSink()
        let handle = bench.submit(bench.request(), to: sink)
        #expect(!handle.isFinished)
        #expect(await sink.outcome().answers.first?.outputs.first?.tensor.floats == [2, 4])
        #expect(bench.scheduler.statistics().failover.lost == 1)
        let deadly = RecordingSink()
        let values = [NamedTensor(name: "a", tensor: Tensor(floats: [13, 2]))]
        bench.submit(bench.request(values), to: deadly)
        #expect(await deadly.outcome().error?.message.contains("2 instances") == true)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `a proof that is the end of its instance forbids batches and costs nobody an answer`() async throws {
        let bench = try Bench(
            signature: SchedulerBatchingTests.signature,
            threads: 1,
            compute: { run throws(EngineError) in
                guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
                if input.shape.dimensions[0] > 1 { throw EngineError(.instanceLost, "the worker died") }
                return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 * 2 })]
            },
            isBatched: true
        )
        for outcome in await flood(bench, [[1, 2], [3, 4]]) { #expect(outcome.error == nil) }
        #expect(bench.scheduler.statistics().batchingNote.contains("ended its instance"))
        #expect(bench.session.deaths.count == 1)
        #expect(bench.scheduler.statistics().failover.confined == 0)
    }
}
