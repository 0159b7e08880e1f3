import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// A model that adds up, behind a front that keeps its sums.
private final class Sums: Sendable {
    static let signature = ModelSignature(
        inputs: ["x", "start", "sum_in"].map { Model.tensor($0, .fp32, [1]) },
        outputs: ["sum_out", "total", "began"].map { Model.tensor($0, .fp32, [1]) }
    )

    let bench: Bench
    let front: SequenceFront

    init(
        slots: Int = 4,
        maxStateBytes: Int = 1 << 20,
        idle: Int64 = 1_000_000_000,
        configuration: Scheduler.Configuration = .init(instances: 1)
    ) throws {
        let compute: FakeSession.Computation = { run throws(EngineError) in
            let sum = Tensor(floats: [run.inputs[0]!.floats[0] + run.inputs[2]!.floats[0]])
            return run.outputs.map { [sum, sum, run.inputs[1]!][$0] }
        }
        bench = try Bench(signature: Sums.signature, compute: compute, configuration: configuration)
        let outer = ModelSignature(inputs: [Sums.signature.inputs[0]], outputs: Array(Sums.signature.outputs[1...]))
        var rules = SequenceRules(slots: slots, idle: idle)
        rules.maxStateBytes = maxStateBytes
        let layout = SequenceLayout(
            controls: [.init(name: "start", meaning: .start(no: Tensor(floats: [0]), yes: Tensor(floats: [1])))],
            states: [.init(input: "sum_in", output: "sum_out", initial: Tensor(floats: [100]))]
        )
        front = SequenceFront(
            description: Model.description(outer),
            layout: layout,
            rules: rules,
            scheduler: bench.scheduler,
            pool: bench.pool
        )
    }

    var holder: RecordingLeaseHolder { bench.holder }
    var gate: RunGate { bench.session.gate }

    @discardableResult
    func ask(
        _ value: Float,
        _ id: UInt64?,
        start: Bool = false,
        end: Bool = false,
        outputs: [String] = ["total"],
        deadline: MonotonicTime? = nil,
        to sink: RecordingSink
    ) -> CancellationHandle {
        var request = InferenceRequest(
            inputs: [NamedTensor(name: "x", tensor: Tensor(floats: [value]))],
            timings: RequestTimings(received: bench.time.now),
            lease: holder.lease(front)
        )
        request.sequence = id.map { SequencePosition(id: .number($0), isStart: start, isEnd: end) }
        request.requestedOutputs = outputs
        request.deadline = Deadline(time: deadline)
        return front.submit(request, to: sink)
    }

    /// Waits until no lease is left: an answer is there a moment before its sequence has taken note.
    func drained() async {
        while holder.ended < holder.opened { await Task.yield() }
    }

    func answer(
        _ value: Float,
        _ id: UInt64?,
        start: Bool = false,
        end: Bool = false,
        outputs: [String] = ["total"]
    ) async -> RecordingSink.Outcome {
        let sink = bench.pooledSink()
        ask(value, id, start: start, end: end, outputs: outputs, to: sink)
        return await sink.outcome()
    }
}

extension RecordingSink.Outcome {
    fileprivate var floats: [Float]? { answers.first?.outputs.first?.tensor.floats }
    fileprivate var names: [String] { answers.first?.outputs.map(\.name) ?? [] }
}

struct SequenceFrontTests {
    @Test func `sequences add up each for itself, from the initial state on`() async throws {
        let sums = try Sums()
        #expect(await sums.answer(1, 1, start: true).floats == [101])
        #expect(await sums.answer(5, 2, start: true).floats == [105])
        #expect(await sums.answer(2, 1).floats == [103])
        #expect(await sums.answer(5, 2, end: true).floats == [110])
        #expect(await sums.answer(3, 1, end: true).floats == [106])
        await sums.drained()
        #expect(sums.front.sequenceCount == 0)
    }

    @Test func `with preserve_ordering answers of several sequences keep the order of their requests`() async throws {
        var configuration = Scheduler.Configuration(instances: 2)
        configuration.batching.preservesOrdering = true
        let sums = try Sums(configuration: configuration)
        sums.gate.close()
        let sinks = (0..<3).map { _ in sums.bench.pooledSink() }
        for (number, sink) in sinks.enumerated() {
            sums.ask(Float(number), UInt64(number + 1), start: true, to: sink)
            await sums.gate.arrived(min(number + 1, 2))
        }
        let second = try #require(sums.bench.session.runs.last { $0.inputs[0]?.floats == [1] })
        sums.gate.passRun(of: second.instance)
        // The third takes the second's instance: the second has run, and waits for the first.
        await sums.gate.arrived(3)
        #expect(!sinks[1].hasEnded)
        sums.gate.open()
        for (number, sink) in sinks.enumerated() { #expect(await sink.outcome().floats == [100 + Float(number)]) }
        #expect(await sums.answer(5, 2).floats == [106])
    }

    @Test func `clients see the outputs that they ask for, never a state`() async throws {
        let sums = try Sums()
        #expect(await sums.answer(1, 1, start: true, outputs: []).names == ["total", "began"])
        #expect(await sums.answer(1, 1, outputs: ["began"]).floats == [0])
        #expect(await sums.answer(1, 1, outputs: ["sum_out"]).error?.code == .invalidArgument)
        #expect(await sums.answer(1, 1).floats == [103])
    }

    @Test func `refusals have Triton's words`() async throws {
        let sums = try Sums()
        #expect(
            await sums.answer(1, nil).error?.message
                == "[request id: <id_unknown>] inference request to model 'm' must specify a non-zero or non-empty "
                + "correlation ID"
        )
        #expect(
            await sums.answer(1, 42).error?.message
                == "[request id: <id_unknown>] inference request for sequence 42 to model 'm' must specify the START "
                + "flag on the first request of the sequence"
        )
        #expect(sums.front.statistics().failures[FailureReason.other.index] == 2)
        await sums.drained()
    }

    @Test func `requests sent at once run one after the other`() async throws {
        let sums = try Sums()
        let sinks = (0..<20).map { _ in sums.bench.pooledSink() }
        for (index, sink) in sinks.enumerated() { sums.ask(1, 1, start: index == 0, end: index == 19, to: sink) }
        for (index, sink) in sinks.enumerated() {
            #expect(await sink.outcome().floats == [Float(101 + index)])
        }
        #expect(sums.bench.session.overlaps == 0)
    }

    @Test func `on an event loop a cheap request is answered before submit returns`() async throws {
        let sums = try Sums()
        for _ in 0..<InlinePolicy.neededScore { _ = await sums.answer(1, 1, start: true, end: true) }
        await sums.drained()
        for expected in [101, 102, 103] as [Float] {
            let sink = RecordingSink()
            #expect(sums.ask(1, 1, start: expected == 101, to: sink).isFinished)
            #expect(sink.outcomeSoFar?.floats == [expected])
        }
    }

    @Test func `a waiting request is answered at once when it is called back, and the sequence goes on`() async throws {
        let sums = try Sums()
        sums.gate.close()
        let sinks = (0..<4).map { _ in sums.bench.pooledSink() }
        sums.ask(1, 1, start: true, to: sinks[0])
        await sums.gate.arrived(1)
        let late = sums.bench.time.now.advanced(byNanoseconds: 1_000)
        let second = sums.ask(10, 1, to: sinks[1])
        let third = sums.ask(100, 1, deadline: late, to: sinks[2])
        sums.ask(1, 1, end: true, to: sinks[3])
        #expect(third.deadline.time == late)
        #expect(sums.front.statistics().pending == 3)
        second.cancel()
        third.expire()
        #expect(sinks[1].outcomeSoFar?.error?.code == .cancelled)
        #expect(sinks[2].outcomeSoFar?.error?.message.hasSuffix("Request timeout expired") == true)
        sums.gate.open()
        #expect(await sinks[0].outcome().floats == [101])
        #expect(await sinks[3].outcome().floats == [102])
        await sums.drained()
    }

    @Test func `a running request that is called back leaves the state before it`() async throws {
        let sums = try Sums()
        #expect(await sums.answer(1, 1, start: true).floats == [101])
        sums.gate.close()
        let sink = sums.bench.pooledSink()
        let handle = sums.ask(10, 1, to: sink)
        await sums.gate.arrived(2)
        handle.cancel()
        #expect(await sink.outcome().error?.code == .cancelled)
        sums.gate.open()
        #expect(await sums.answer(1, 1).floats == [102])
    }

    @Test func `a failed run leaves the state before it, and a start that failed is told again`() async throws {
        let sums = try Sums()
        sums.bench.session.failNextRun(with: EngineError(.runFailed, "broken"))
        #expect(await sums.answer(1, 1, start: true).error?.code == .engineFailure)
        #expect(await sums.answer(1, 1, outputs: ["began"]).floats == [1])
        sums.bench.session.failNextRun(with: EngineError(.runFailed, "broken"))
        #expect(await sums.answer(1, 1).error != nil)
        #expect(await sums.answer(1, 1, outputs: ["began"]).floats == [0])
        #expect(await sums.answer(1, 1, end: true).floats == [103])
    }

    @Test func `a sequence holds its version until it has been idle for too long`() async throws {
        let sums = try Sums(idle: 1_000_000)
        #expect(await sums.answer(1, 1, start: true).floats == [101])
        while sums.holder.opened - sums.holder.ended > 1 { await Task.yield() }
        #expect(sums.front.sequenceCount == 1)
        // The alarm of the pool does it, with nobody asking. An answer is there a moment before its sequence has taken note,
        // so one step of the clock may come too early.
        while sums.front.sequenceCount > 0 {
            sums.bench.time.advance(byNanoseconds: 1_000_000)
            await Task.yield()
        }
        await sums.drained()
        #expect(await sums.answer(1, 1).error?.message.contains("must specify the START flag") == true)
    }

    @Test func `a sequence waits for a slot, and for no longer than its deadline`() async throws {
        let sums = try Sums(slots: 1)
        #expect(await sums.answer(1, 1, start: true).floats == [101])
        let (second, third) = (sums.bench.pooledSink(), sums.bench.pooledSink())
        let handle = sums.ask(1, 2, start: true, to: second)
        sums.ask(7, 3, start: true, to: third)
        handle.expire()
        #expect(second.hasEnded)
        #expect(!third.hasEnded)
        #expect(await sums.answer(1, 1, end: true).floats == [102])
        #expect(await third.outcome().floats == [107])
    }

    @Test func `state beyond the bound is refused, and the sequence goes on with what it had`() async throws {
        let sums = try Sums(maxStateBytes: 4)
        #expect(await sums.answer(1, 1, start: true).floats == [101])
        let refused = await sums.answer(1, 2, start: true)
        #expect(refused.error?.code == .resourceExhausted)
        #expect(refused.answers.isEmpty)
        #expect(await sums.answer(1, 1, end: true).floats == [102])
        #expect(await sums.answer(1, 2).floats == [101])
    }

    @Test func `once closed, nothing is held between requests`() async throws {
        let sums = try Sums()
        #expect(await sums.answer(1, 1, start: true).floats == [101])
        sums.front.close()
        await sums.drained()
        #expect(sums.front.sequenceCount == 0)
    }

    @Test func `ids become elements of every type that a model may ask for`() throws {
        #expect(try CorrelationID.bytes(.number(258), as: .int32) == [2, 1, 0, 0])
        #expect(try CorrelationID.bytes(.number(.max), as: .uint64) == [UInt8](repeating: 255, count: 8))
        #expect(try CorrelationID.bytes(.text("ab"), as: .bytes) == [2, 0, 0, 0, 97, 98])
        #expect(try CorrelationID.bytes(.number(7), as: .bytes) == [1, 0, 0, 0, 55])
        for (id, type) in [
            (SequencePosition.ID.text("7"), DataType.uint64), (.number(1 << 31), .int32), (.number(1 << 32), .uint32),
            (.number(1 << 63), .int64),
        ] {
            #expect(throws: InferenceError.self) { try CorrelationID.bytes(id, as: type) }
        }
    }
}

extension FailureReason {
    fileprivate var index: Int { FailureReason.allCases.firstIndex(of: self)! }
}
