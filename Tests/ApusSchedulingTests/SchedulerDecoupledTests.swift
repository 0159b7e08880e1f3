import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// A model that gives an answer for each element of its input, behind a scheduler.
private final class Stream: Sendable {
    static let signature = ModelSignature(inputs: [Model.tensor("a")], outputs: [Model.tensor("x")])

    let session: FakeDecoupledSession
    let holder = RecordingLeaseHolder()
    let pool: EngineThreadPool
    let scheduler: Scheduler

    init(
        threads: Int = 2,
        compute: @escaping FakeDecoupledSession.Computation = { run in
            (run.inputs[0]?.floats ?? []).map { .success([Tensor(floats: [$0])]) }
        }
    ) throws {
        session = FakeDecoupledSession(signature: Stream.signature, compute: compute)
        pool = try EngineThreadPool(threadCount: threads)
        scheduler = try Stream.scheduler(session, pool: pool)
    }

    static func scheduler(
        _ session: any EngineSession,
        pool: EngineThreadPool,
        preservesOrdering: Bool = false
    ) throws -> Scheduler {
        let description = ModelDescription(
            id: Model.id,
            platform: "fake",
            inputs: signature.inputs,
            outputs: signature.outputs,
            isDecoupled: true
        )
        var configuration = Scheduler.Configuration(instances: 1)
        configuration.batching.preservesOrdering = preservesOrdering
        return try Scheduler(
            description: description,
            session: session,
            pool: pool,
            time: SystemTime(),
            configuration: configuration
        )
    }

    @discardableResult
    func ask(_ values: [Float], to sink: RecordingSink, of scheduler: Scheduler? = nil) -> CancellationHandle {
        let scheduler = scheduler ?? self.scheduler
        let request = InferenceRequest(
            inputs: [NamedTensor(name: "a", tensor: Tensor(floats: values))],
            timings: RequestTimings(received: SystemTime().now),
            lease: holder.lease(scheduler)
        )
        return scheduler.submit(request, to: sink)
    }

    /// Waits until every lease has ended.
    func drained() async {
        while holder.ended < holder.opened { await Task.yield() }
    }
}

extension RecordingSink.Outcome {
    fileprivate var values: [Float] { answers.flatMap { $0.outputs[0].tensor.floats } }
}

struct SchedulerDecoupledTests {
    @Test(arguments: [0, 1, 3, 100])
    func `answers come in order, then the end`(count: Int) async throws {
        let stream = try Stream()
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        let values = (0..<count).map { Float($0) }
        stream.ask(values, to: sink)
        let outcome = await sink.outcome()
        #expect(outcome.values == values)
        #expect(outcome.error == nil)
        #expect(outcome.answers.allSatisfy { $0.outputs.map(\.name) == ["x"] })
        #expect(sink.faults == [])
        await stream.drained()
        #expect(stream.scheduler.statistics().success.count == 1)
    }

    @Test func `a client that takes no more makes the model wait`() async throws {
        let stream = try Stream()
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false), demand: 2)
        stream.ask((0..<10).map { Float($0) }, to: sink)
        while sink.answerCount < 2 { await Task.yield() }
        // The third one stands before the client, which the gate has seen.
        await stream.session.gate.arrived(3)
        #expect(stream.session.given <= 2)
        sink.demandMore(3)
        while sink.answerCount < 5 { await Task.yield() }
        await stream.session.gate.arrived(6)
        #expect(sink.answerCount == 5)
        #expect(!sink.hasEnded)
        sink.demandMore(100)
        #expect(await sink.outcome().answers.count == 10)
        #expect(sink.faults == [])
    }

    @Test func `no more than a window of answers is on its way to a slow lane`() async throws {
        let stream = try Stream()
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        stream.ask((0..<100).map { Float($0) }, to: sink)
        // The first shows what the client takes; then a window.
        await lane.delivered(1)
        lane.carryOut()
        await lane.delivered(1 + DecoupledSink.window)
        await stream.session.gate.arrived(2 + DecoupledSink.window)
        #expect(stream.session.given == 1 + DecoupledSink.window)
        #expect(sink.answerCount == 1)
        lane.carryOut(until: { sink.hasEnded })
        #expect(sink.outcomeSoFar?.values == (0..<100).map { Float($0) })
        #expect(sink.faults == [])
    }

    @Test(arguments: [true, false])
    func `a call back ends a model that waits for its client`(isExpired: Bool) async throws {
        let stream = try Stream()
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false), demand: 1)
        let handle = stream.ask([1, 2, 3], to: sink)
        while sink.answerCount < 1 { await Task.yield() }
        if isExpired { handle.expire() } else { handle.cancel() }
        #expect(sink.outcomeSoFar?.error?.code == (isExpired ? .unavailable : .cancelled))
        await stream.drained()
        #expect(stream.session.ended == 1)
        // The instance is free again.
        let next = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([4, 5], to: next)
        #expect(await next.outcome().values == [4, 5])
        #expect(sink.outcomeSoFar?.values == [1])
        #expect(sink.faults == [])
    }

    @Test func `a call back ends a model that computes, and what is on its way is dropped`() async throws {
        let stream = try Stream()
        stream.session.gate.close()
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        let handle = stream.ask([1, 2, 3], to: sink)
        await stream.session.gate.arrived(1)
        stream.session.gate.passOne()
        await lane.delivered(1)
        await stream.session.gate.arrived(2)
        lane.run { handle.cancel() }
        #expect(sink.outcomeSoFar?.error?.code == .cancelled)
        lane.carryOut()
        #expect(sink.answerCount == 0)
        #expect(sink.faults == [])
        await stream.drained()
    }

    @Test func `a failure comes after the answers before it`() async throws {
        let stream = try Stream { _ in
            [.success([Tensor(floats: [1])]), .failure(EngineError(.runFailed, "broken")), .success([])]
        }
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([0], to: sink)
        let outcome = await sink.outcome()
        #expect(outcome.values == [1])
        #expect(outcome.error?.message == "[request id: <id_unknown>] broken")
        await stream.drained()
        #expect(stream.scheduler.statistics().fail.count == 1)
    }

    @Test func `a model whose engine knows nothing of several answers gives one`() async throws {
        let stream = try Stream()
        let plain = FakeSession(signature: Stream.signature)
        let scheduler = try Stream.scheduler(plain, pool: stream.pool)
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([1, 2], to: sink, of: scheduler)
        #expect(await sink.outcome().values == [1, 2])
        #expect(sink.outcomeSoFar?.answers.count == 1)
    }

    @Test func `it never runs on an event loop, and never with other requests`() async throws {
        let stream = try Stream()
        for round in 0..<12 {
            let sink = RecordingSink()
            let others = RecordingSink(lane: ImmediateLane(isCurrent: false))
            stream.ask([Float(round)], to: sink)
            stream.ask([Float(round)], to: others)
            #expect(await sink.outcome().values == [Float(round)])
            #expect(await others.outcome().values == [Float(round)])
        }
        let statistics = stream.scheduler.statistics()
        #expect(statistics.inlineExecutionCount == 0)
        #expect(statistics.executionCount == 24)
    }

    @Test func `a client that takes nothing doesn't keep other models from running`() async throws {
        let stream = try Stream(threads: 1)
        let slow = RecordingSink(lane: ImmediateLane(isCurrent: false), demand: 1)
        let handle = stream.ask([1, 2, 3], to: slow)
        while slow.answerCount < 1 { await Task.yield() }
        let other = try Stream.scheduler(FakeSession(signature: Stream.signature), pool: stream.pool)
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([7], to: sink, of: other)
        #expect(await sink.outcome().values == [7])
        handle.cancel()
        await stream.drained()
    }

    /// A model whose first runs end with the loss of their instance, after giving these answers.
    private func dying(_ runs: [[Float]]) throws -> Stream {
        let left = Mutex(runs)
        return try Stream { run in
            let dying = left.withLock { $0.isEmpty ? nil : $0.removeFirst() }
            let values = dying ?? run.inputs[0]?.floats ?? []
            let given = values.map { Result<_, EngineError>.success([Tensor(floats: [$0])]) }
            return dying == nil ? given : given + [.failure(EngineError(.instanceLost, "the worker died"))]
        }
    }

    @Test func `a request whose instance is lost before an answer runs once more on a new one`() async throws {
        let stream = try dying([[]])
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([1, 2], to: sink)
        let outcome = await sink.outcome()
        #expect(outcome.error == nil)
        #expect(outcome.values == [1, 2])
        await stream.drained()
        #expect(stream.session.instanceCount == 2)
        let statistics = stream.scheduler.statistics()
        #expect(statistics.failover.lost == 1)
        #expect(statistics.failover.retried == 1)
        #expect(statistics.success.count == 1)
        #expect(statistics.fail.count == 0)
    }

    @Test func `an instance lost between answers fails its request and is made anew`() async throws {
        let stream = try dying([[7]])
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([1, 2], to: sink)
        let outcome = await sink.outcome()
        #expect(outcome.values == [7])
        #expect(outcome.error?.code == .engineFailure)
        let next = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([3], to: next)
        #expect(await next.outcome().values == [3])
        await stream.drained()
        #expect(stream.session.instanceCount == 2)
        #expect(stream.scheduler.statistics().failover.retried == 0)
        #expect(sink.faults == [])
    }

    @Test func `a request that two instances were lost with is given up`() async throws {
        let stream = try dying([[], []])
        let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([1], to: sink)
        #expect(await sink.outcome().error?.message.contains("2 instances of the model were lost") == true)
        await stream.drained()
        #expect(stream.scheduler.statistics().failover.confined == 1)
    }

    /// A configuration with both is refused at load; nothing may stop all the same.
    @Test func `a request makes room in the order of answers, however it ends`() async throws {
        let stream = try dying([[], []])
        let scheduler = try Stream.scheduler(stream.session, pool: stream.pool, preservesOrdering: true)
        var isEmpty: Bool? { scheduler.state.withLock { $0.order?.isEmpty } }
        let lost = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([1], to: lost, of: scheduler)
        #expect(await lost.outcome().error != nil)
        #expect(isEmpty == true)
        let answered = RecordingSink(lane: ImmediateLane(isCurrent: false))
        stream.ask([2, 3], to: answered, of: scheduler)
        #expect(await answered.outcome().values == [2, 3])
        #expect(isEmpty == true)
        let slow = RecordingSink(lane: ImmediateLane(isCurrent: false), demand: 1)
        let handle = stream.ask([4, 5], to: slow, of: scheduler)
        while slow.answerCount < 1 { await Task.yield() }
        handle.cancel()
        #expect(slow.hasEnded)
        #expect(isEmpty == true)
        await stream.drained()
    }
}
