import ApusCore
import ApusEngine
import ApusTesting
import Synchronization
import Testing

@testable import ApusScheduling

/// Who may take a request that several runs have a part of.
struct QueuedRequestTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    private func queued(rows: Int, sink: RecordingSink? = nil, in bench: Bench? = nil) throws -> QueuedRequest {
        let bench = bench ?? self.bench
        let tensor = Tensor(floats: [Float](repeating: 1, count: rows))
        let call = ValidatedCall(inputs: [tensor], outputs: [0], batchSize: rows)
        return QueuedRequest(
            request: bench.request([NamedTensor(name: "a", tensor: tensor)]),
            call: call,
            keys: CallKeys(call),
            sink: sink ?? bench.pooledSink(),
            level: 0,
            scheduler: bench.scheduler
        )
    }

    private func batch() throws -> RunningBatch { RunningBatch(try bench.session.makeInstance()) }

    private func piece(_ rows: Range<Int>) -> QueuedRequest.Piece {
        .init(rows: rows, outputs: [Tensor(floats: rows.map(Float.init))])
    }

    @Test func `a run that had the first rows doesn't take it from the one that answers`() throws {
        let queued = try queued(rows: 2)
        let (first, second) = (try batch(), try batch())
        #expect(queued.begin(first, rows: 0..<1))
        #expect(queued.begin(second, rows: 1..<2))
        #expect(queued.completed(piece(0..<1), by: first) == nil)
        #expect(queued.completed(piece(1..<2), by: second)?.map(\.rows) == [0..<1, 1..<2])
        // The first run comes to this only now.
        queued.letGo()
        queued.cancel()
        let isThere = queued.takeRequest() != nil
        #expect(isThere)
    }

    @Test func `one that failed is held until the last of its runs has let go`() throws {
        let queued = try queued(rows: 2)
        let (first, second) = (try batch(), try batch())
        #expect(queued.begin(first, rows: 0..<1))
        #expect(queued.begin(second, rows: 1..<2))
        #expect(queued.failed(in: first))
        queued.letGo()
        #expect(bench.holder.ended == 0)
        #expect(queued.completed(piece(1..<2), by: second) == nil)
        queued.letGo()
        #expect(bench.holder.ended == 1)
    }

    @Test(arguments: [true, false])
    func `outputs of some rows don't outlive the request's end`(isAnswered: Bool) throws {
        let queued = try queued(rows: 2)
        let (first, second) = (try batch(), try batch())
        #expect(queued.begin(first, rows: 0..<1))
        #expect(queued.begin(second, rows: 1..<2))
        weak var storage: TensorStorage?
        do {
            let piece = piece(0..<1)
            storage = piece.outputs[0].storage
            _ = queued.completed(piece, by: first)
        }
        #expect(storage != nil)
        if isAnswered {
            _ = queued.completed(piece(1..<2), by: second)
        } else {
            queued.cancel()
        }
        #expect(storage == nil)
    }

    /// Between the run that has computed it and its place in the order.
    @Test func `one that expires before its answer is held back is told so, and the answer is dropped`() throws {
        var configuration = Scheduler.Configuration(instances: 1)
        configuration.batching.preservesOrdering = true
        let bench = try Bench(configuration: configuration)
        let sink = bench.pooledSink()
        let queued = try queued(rows: 1, sink: sink, in: bench)
        let numbers = bench.scheduler.state.withLock { state in (0..<2).compactMap { _ in state.order?.joined() } }
        queued.sawDeathInline(number: numbers[1])
        let batch = try batch()
        #expect(queued.begin(batch, rows: 0..<1))
        #expect(queued.completed(piece(0..<1), by: batch) != nil)
        queued.expire()
        queued.cancel()
        #expect(sink.outcomeSoFar?.error?.message.hasSuffix("Request timeout expired") == true)
        if let request = queued.takeRequest() {
            let timings = request.timings
            let completion = Completion(answer: request.answer(with: []), to: sink)
            let held = UncountedAnswer(delivery: completion, timings: timings, batchSize: 1, id: "")
            bench.scheduler.hold(held, numbers[1])
        }
        bench.scheduler.makeRoom(numbers[0])
        #expect(sink.faults == [])
        #expect(sink.answerCount == 0)
        #expect(bench.holder.ended == 1)
        #expect(bench.scheduler.statistics().success.count == 0)
        #expect(bench.scheduler.statistics().fail.count == 1)
        #expect(bench.scheduler.state.withLock { $0.order?.isEmpty } == true)
    }

    @Test func `an instance called for one that is called back on its way to the queue is not forgotten`() throws {
        let bench = try Bench(isStepped: true)
        let tensor = Tensor(floats: [1])
        let call = ValidatedCall(inputs: [tensor, nil], outputs: [0], batchSize: 1)
        let queued = QueuedRequest(
            request: bench.request([NamedTensor(name: "a", tensor: tensor)]),
            call: call,
            keys: CallKeys(call),
            sink: bench.pooledSink(),
            level: 0,
            scheduler: bench.scheduler
        )
        // Between the death of its instance and its second try.
        queued.cancel()
        var answers = Answers()
        bench.scheduler.tryAgain(BatchPart(request: queued, rows: 0..<1, isLast: true), answers: &answers)
        let next = bench.pooledSink()
        bench.submit(bench.request(), to: next)
        while bench.pool.runNext() {}
        #expect(next.outcomeSoFar?.answers.count == 1)
        #expect(bench.holder.ended == 2)
    }
}
