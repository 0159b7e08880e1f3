import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Many requests at once, of all lengths and numbers of rows, filled up in both directions on several instances.
struct SchedulerPaddingStressTests {
    private static let signature = ModelSignature(
        inputs: [Model.tensor("a", .fp32, [-1, -1])],
        outputs: [Model.tensor("x", .fp32, [-1, -1])]
    )

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `answers are those of a server that fills nothing up`(seed: UInt64) async throws {
        var random = SeededGenerator(seed: seed)
        var configuration = Scheduler.Configuration(instances: 3)
        configuration.allowsInlineRuns = false
        configuration.batching.allowedSizes = AllowedSizes([1, 4, 16])
        configuration.padding.entries = [
            LengthPadding(
                input: 0,
                axis: 1,
                sizes: [4, 8],
                element: [0, 0, 0, 0],
                outputs: [.init(output: 0, axis: 1)]
            )
        ]
        let bench = try Bench(
            signature: SchedulerPaddingStressTests.signature,
            threads: 3,
            compute: SchedulerBatchingTests.double,
            configuration: configuration,
            isBatched: true
        )
        func ask(_ rows: Int, _ length: Int) -> (sink: RecordingSink, handle: CancellationHandle, floats: [Float]) {
            let floats = (0..<rows * length).map { _ in Float(Int.random(in: -99...99, using: &random)) }
            let sink = bench.pooledSink()
            let input = NamedTensor(name: "a", tensor: Tensor([rows, length], floats: floats))
            return (sink, bench.submit(bench.request([input]), to: sink), floats)
        }
        while !bench.scheduler.statistics().batchingNote.contains("filled up to 1, 4, 16") {
            _ = await ask(1, 4).sink.outcome()
        }
        let before = bench.session.runs.count
        var cancelled: UInt64 = 0
        for _ in 0..<30 {
            var asked: [(rows: Int, length: Int, sink: RecordingSink, floats: [Float], isCancelled: Bool)] = []
            for _ in 0..<40 {
                let rows = Int.random(in: 1...40, using: &random)
                let length = Int.random(in: 1...8, using: &random)
                let request = ask(rows, length)
                let isCancelled = Int.random(in: 0..<10, using: &random) == 0
                if isCancelled { request.handle.cancel() }
                asked.append((rows, length, request.sink, request.floats, isCancelled))
            }
            for request in asked {
                let outcome = await request.sink.outcome()
                if request.isCancelled, outcome.error?.code == .cancelled {
                    cancelled += 1
                    continue
                }
                let tensor = outcome.answers.first?.outputs.first?.tensor
                #expect(tensor?.shape.dimensions == [request.rows, request.length], "seed \(seed)")
                #expect(tensor?.floats == request.floats.map { $0 * 2 }, "seed \(seed)")
            }
        }
        while bench.holder.ended < bench.holder.opened { await Task.yield() }
        let shapes = Set(bench.session.runs[before...].compactMap { $0.inputs[0]?.shape.dimensions })
        let allowed = Set([1, 4, 16].flatMap { rows in [4, 8].map { [rows, $0] } })
        #expect(shapes.isSubset(of: allowed), "\(shapes.subtracting(allowed)), seed \(seed)")
        #expect(bench.session.overlaps == 0)
        #expect(bench.scheduler.statistics().fail.count == cancelled)
    }
}
