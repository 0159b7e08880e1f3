import ApusCore
import ApusEngine
import ApusTesting
import Dispatch
import Synchronization
import Testing

@testable import ApusScheduling

/// How answers of runs on engine threads reach their lanes.
struct SchedulerAnsweringTests {
    /// A lane that carries out on the calling thread, which a test holds there.
    private final class HeldLane: CompletionLane {
        let isCurrent = false
        let mayLeave = DispatchSemaphore(value: 0)

        func deliver(_ deliveries: consuming [any Delivery]) {
            mayLeave.wait()
            for delivery in deliveries { delivery.carryOut() }
        }
    }

    /// A sink that keeps nothing of its answers, and notes what a scheduler has counted at its end.
    private final class CountingSink: AnswerSink {
        let lane: any CompletionLane = ImmediateLane(isCurrent: false)
        let demand = 1
        let seen = Mutex<[UInt64]>([])
        private let scheduler: Scheduler

        init(_ scheduler: Scheduler) {
            self.scheduler = scheduler
        }

        func receive(_ answer: consuming InferenceAnswer) {}

        func finish(_ end: AnswerEnd) {
            let count = scheduler.statistics().success.count
            seen.withLock { $0.append(count) }
        }
    }

    /// An engine thread writes the answer itself there, and may be long about it.
    @Test(.timeLimit(.minutes(1))) func `a lane that carries out at once keeps nobody else from the model`()
        async throws
    {
        let bench = try Bench(threads: 2)
        bench.session.gate.close()
        let lane = HeldLane()
        let slow = RecordingSink(lane: lane)
        bench.submit(bench.request(), to: slow)
        await bench.session.gate.arrived(1)
        // Waits in the queue until the first one's run has ended.
        let next = bench.pooledSink()
        bench.submit(bench.request(), to: next)
        bench.session.gate.open()
        let outcome = await next.outcome()
        #expect(outcome.error == nil)
        #expect(slow.outcomeSoFar == nil)
        lane.mayLeave.signal()
        let late = await slow.outcome()
        #expect(late.error == nil)
    }

    @Test(arguments: [true, false])
    func `one called back between its run and its lane is told what the run came to, once`(isExpired: Bool) throws {
        let bench = try Bench(isStepped: true)
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        let handle = bench.submit(bench.request(), to: sink)
        while bench.pool.runNext() {}
        #expect(lane.deliveries == [1])
        #expect(bench.scheduler.statistics().success.count == 1)
        if isExpired { handle.expire() } else { handle.cancel() }
        #expect(sink.outcomeSoFar == nil)
        lane.carryOut()
        #expect(sink.outcomeSoFar?.answers.count == 1)
        #expect(sink.outcomeSoFar?.error == nil)
        #expect(sink.faults == [])
        #expect(bench.holder.ended == 1)
        #expect(bench.scheduler.statistics().success.count == 1)
        #expect(bench.scheduler.statistics().fail.count == 0)
    }

    @Test func `an answer is counted once and before anybody hears of it, also where a trial follows`() throws {
        // The first run is followed by the proof that requests may share runs, before which it is answered.
        let bench = try Bench(
            signature: SchedulerBatchingTests.signature,
            compute: SchedulerBatchingTests.double,
            isBatched: true,
            isStepped: true
        )
        let sink = CountingSink(bench.scheduler)
        for _ in 0..<70 {
            let input = NamedTensor(name: "a", tensor: Tensor([1, 2], floats: [1, 2]))
            _ = bench.scheduler.submit(bench.request([input]), to: sink)
        }
        while bench.pool.runNext() {}
        let seen = sink.seen.withLock { $0 }
        #expect(seen.count == 70)
        for (index, count) in seen.enumerated() { #expect(count > UInt64(index)) }
        #expect(bench.scheduler.statistics().success.count == 70)
        #expect(bench.scheduler.statistics().executionCount < 70)
    }

    @Test func `outputs are told apart by rows only where rows are all there is to know`() throws {
        let bench = try Bench()
        func member(_ rows: Range<Int>, of count: Int, cuts: [AxisCut] = []) -> BatchPart<QueuedRequest> {
            let tensor = Tensor([count, 1], floats: [Float](repeating: 1, count: count))
            var call = ValidatedCall(inputs: [tensor], outputs: [0], batchSize: count)
            call.cuts = cuts
            let queued = QueuedRequest(
                request: bench.request([NamedTensor(name: "a", tensor: tensor)]),
                call: call,
                keys: CallKeys(call),
                sink: bench.pooledSink(),
                level: 0,
                scheduler: bench.scheduler
            )
            return BatchPart(request: queued, rows: rows, isLast: true)
        }
        func output(_ rows: Int) -> Tensor { Tensor([rows, 1], floats: [Float](repeating: 0, count: rows)) }
        func shares(_ members: [BatchPart<QueuedRequest>], _ tensor: Tensor, rows: Int) -> [Range<Int>?]? {
            bench.scheduler.shares(of: members, in: [tensor], rows: rows)?.map { share in
                if case .rows(let rows) = share { rows } else { nil }
            }
        }
        let (one, two) = (member(0..<1, of: 1), member(0..<2, of: 2))
        #expect(shares([one, two], output(3), rows: 3) == [0..<1, 1..<3])
        // A request alone has all, whatever the output looks like.
        #expect(shares([two], Tensor(floats: [1]), rows: 2) == [nil])
        // Filled up to four rows.
        #expect(shares([one, two], output(4), rows: 4) == [0..<1, 1..<3])
        #expect(shares([two], output(4), rows: 4) == [0..<2])
        // Not a row for each row, split, cut back, strings.
        #expect(shares([one, two], output(2), rows: 3) == nil)
        #expect(shares([one, member(0..<1, of: 2)], output(2), rows: 2) == nil)
        #expect(
            shares([member(0..<1, of: 1, cuts: [AxisCut(place: 0, axis: 1, length: 1, filled: 2)])], output(1), rows: 1)
                == nil
        )
        let strings = Tensor([3, 1], texts: ["a", "b", "c"])
        #expect(shares([one, two], strings, rows: 3) == nil)
    }

    @Test func `a handle that is kept keeps no outputs`() throws {
        let bench = try Bench(isStepped: true)
        let queued = QueuedRequest(
            request: bench.request(),
            call: ValidatedCall(inputs: [Tensor(floats: [1]), nil], outputs: [0], batchSize: 1),
            keys: CallKeys(ValidatedCall(inputs: [Tensor(floats: [1]), nil], outputs: [0], batchSize: 1)),
            sink: CountingSink(bench.scheduler),
            level: 0,
            scheduler: bench.scheduler
        )
        let batch = RunningBatch(try bench.session.makeInstance())
        #expect(queued.begin(batch, rows: 0..<1))
        weak var storage: TensorStorage?
        do {
            let tensor = Tensor(floats: [3])
            storage = tensor.storage
            let timings = RequestTimings(received: bench.time.now)
            #expect(queued.completed(.init(tensors: [tensor], share: .all, timings: timings), by: batch))
        }
        #expect(storage != nil)
        queued.carryOut()
        #expect(storage == nil)
        #expect(bench.holder.ended == 1)
    }
}
