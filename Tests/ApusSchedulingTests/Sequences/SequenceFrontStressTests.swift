import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Many sequences from many tasks, joined into runs, with failures and call backs in between.
struct SequenceFrontStressTests {
    private static let signature = ModelSignature(
        inputs: ["x", "sum_in"].map { Model.tensor($0, .fp32, [-1, 1]) },
        outputs: ["total", "sum_out"].map { Model.tensor($0, .fp32, [-1, 1]) }
    )

    private static func add(_ run: FakeRun) throws(EngineError) -> [Tensor] {
        guard let given = run.inputs[0]?.floats, let before = run.inputs[1]?.floats else {
            throw EngineError(.invalidInput, "an input is missing")
        }
        guard !given.contains(-1) else { throw EngineError(.runFailed, "poison") }
        let sums = zip(given, before).map(+)
        return run.outputs.map { _ in Tensor([sums.count, 1], floats: sums) }
    }

    private func makeFront(_ bench: Bench, slots: Int) -> SequenceFront {
        let outer = ModelSignature(inputs: [Self.signature.inputs[0]], outputs: [Self.signature.outputs[0]])
        return SequenceFront(
            description: Model.description(outer, maxBatchSize: 16),
            layout: SequenceLayout(
                controls: [],
                states: [.init(input: "sum_in", output: "sum_out", initial: Tensor([1, 1], floats: [0]))]
            ),
            rules: SequenceRules(slots: slots, idle: 1_000_000_000_000),
            scheduler: bench.scheduler,
            pool: bench.pool
        )
    }

    @Test(arguments: [3, 64])
    func `every answer is the sum of what was answered before it`(slots: Int) async throws {
        let bench = try Bench(
            signature: Self.signature,
            maxBatchSize: 16,
            compute: Self.add,
            configuration: .init(instances: 2),
            isBatched: true
        )
        let front = makeFront(bench, slots: slots)
        let faults = await withTaskGroup(of: [String].self) { tasks in
            for client in 0..<16 {
                tasks.addTask { await Self.client(client, of: front, bench: bench) }
            }
            var faults: [String] = []
            for await some in tasks { faults += some }
            return faults
        }
        #expect(faults == [])
        // An answer is there a moment before its sequence has taken note.
        while bench.holder.ended < bench.holder.opened { await Task.yield() }
        #expect(front.sequenceCount == 0)
        #expect(bench.session.overlaps == 0)
        #expect(bench.session.runs.contains { ($0.inputs[0]?.shape.dimensions[0] ?? 0) > 1 })
    }

    /// Sends several sequences, one after the other, of which each request is one behind the other.
    private static func client(_ client: Int, of front: SequenceFront, bench: Bench) async -> [String] {
        var random = SeededGenerator(seed: UInt64(client))
        var faults: [String] = []
        for round in 0..<12 {
            let id = SequencePosition.ID.number(UInt64(client * 100 + round + 1))
            var sent: [(value: Float, isCancelled: Bool, sink: RecordingSink)] = []
            let length = Int.random(in: 1...12, using: &random)
            for step in 0..<length {
                let value: Float = Int.random(in: 0..<10, using: &random) == 0 ? -1 : Float(step + 1)
                var request = InferenceRequest(
                    inputs: [NamedTensor(name: "x", tensor: Tensor([1, 1], floats: [value]))],
                    timings: RequestTimings(received: bench.time.now),
                    lease: bench.holder.lease(front)
                )
                request.sequence = SequencePosition(id: id, isStart: step == 0, isEnd: step == length - 1)
                let sink = RecordingSink(lane: ImmediateLane(isCurrent: false))
                let handle = front.submit(request, to: sink)
                let isCancelled = Int.random(in: 0..<8, using: &random) == 0
                if isCancelled { handle.cancel() }
                sent.append((value, isCancelled, sink))
            }
            var sum: Float = 0
            for (step, request) in sent.enumerated() {
                let outcome = await request.sink.outcome()
                faults += request.sink.faults
                if let error = outcome.error {
                    // A sequence whose start was called back before anything else came never was.
                    let neverWas = sent[0].isCancelled && error.message.contains("must specify the START flag")
                    let isExpected =
                        request.value == -1 || neverWas || (request.isCancelled && error.code == .cancelled)
                    if !isExpected { faults.append("\(id) step \(step): \(error)") }
                } else {
                    sum += request.value
                    let got = outcome.answers.first?.outputs.first?.tensor.floats ?? []
                    if got != [sum] { faults.append("\(id) step \(step): \(got) instead of \(sum)") }
                }
            }
        }
        return faults
    }
}
