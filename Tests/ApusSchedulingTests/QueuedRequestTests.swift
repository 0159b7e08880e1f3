import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Who may take a request that several runs have a part of.
struct QueuedRequestTests {
    private let bench: Bench

    init() throws {
        bench = try Bench()
    }

    private func queued(rows: Int) throws -> QueuedRequest {
        let tensor = Tensor(floats: [Float](repeating: 1, count: rows))
        let call = ValidatedCall(inputs: [tensor], outputs: [0], batchSize: rows)
        return QueuedRequest(
            request: bench.request([NamedTensor(name: "a", tensor: tensor)]),
            call: call,
            keys: CallKeys(call),
            sink: bench.pooledSink(),
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
        #expect(queued.begin(first))
        #expect(queued.begin(second))
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
        #expect(queued.begin(first))
        #expect(queued.begin(second))
        #expect(queued.failed(in: first))
        queued.letGo()
        #expect(bench.holder.ended == 0)
        #expect(queued.completed(piece(1..<2), by: second) == nil)
        queued.letGo()
        #expect(bench.holder.ended == 1)
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
