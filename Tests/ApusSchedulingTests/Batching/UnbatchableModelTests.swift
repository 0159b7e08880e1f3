import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Large requests to a model that turns out, after the proof, to give other rows than it gets.
struct UnbatchableModelTests {
    /// Doubles every element; of rows with a negative number it gives only the sum.
    private func bench(instances: Int) throws -> Bench {
        var configuration = Scheduler.Configuration(instances: instances)
        configuration.allowsInlineRuns = false
        return try Bench(
            signature: SchedulerBatchingTests.signature,
            threads: instances,
            compute: { run throws(EngineError) in
                guard let input = run.inputs[0] else { throw EngineError(.invalidInput, "no input") }
                guard input.floats.contains(where: { $0 < 0 }) else {
                    return [Tensor(input.shape.dimensions, floats: input.floats.map { $0 * 2 })]
                }
                return [Tensor([1, 2], floats: [input.floats.reduce(0, +), Float(input.shape.dimensions[0])])]
            },
            configuration: configuration,
            isBatched: true
        )
    }

    private func submit(_ bench: Bench, _ values: [Float]) -> RecordingSink {
        let sink = bench.pooledSink()
        let tensor = Tensor([values.count / 2, 2], floats: values)
        bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
        return sink
    }

    private func prove(_ bench: Bench) async {
        while !bench.scheduler.statistics().batchingNote.hasPrefix("requests that wait share a run") {
            let sinks = (0..<4).map { submit(bench, [Float($0), 1]) }
            for sink in sinks { _ = await sink.outcome() }
        }
    }

    @Test(arguments: [2, 3])
    func `a request that was split is run whole, once, and answered rightly`(_ instances: Int) async throws {
        let bench = try bench(instances: instances)
        await prove(bench)
        let before = bench.session.runs.count
        let values: [Float] = (0..<80).map { $0.isMultiple(of: 7) ? -1 : 2 }
        let outcome = await submit(bench, values).outcome()
        #expect(outcome.error == nil)
        #expect(outcome.answers.count == 1)
        #expect(outcome.answers.first?.outputs.first?.tensor.floats == [values.reduce(0, +), 40])
        let sizes = bench.session.runs[before...].compactMap { $0.inputs[0]?.shape.dimensions[0] }
        #expect(sizes.contains { $0 < 40 })
        #expect(sizes.count { $0 == 40 } == 1)
        #expect(bench.scheduler.statistics().batchingNote.contains("doesn't have a row"))
        #expect(bench.scheduler.statistics().fail.count == 0)
        #expect(bench.holder.ended == bench.holder.opened)
        // From now on nothing is split.
        let after = bench.session.runs.count
        #expect(await submit(bench, values).outcome().error == nil)
        #expect(bench.session.runs[after...].compactMap { $0.inputs[0]?.shape.dimensions[0] } == [40])
    }

    @Test func `others that were split meanwhile are run whole too`() async throws {
        let bench = try bench(instances: 2)
        await prove(bench)
        for round in 0..<10 {
            let values: [Float] = (0..<60).map { $0 == 59 ? -1 : Float(round) }
            let sinks = (0..<6).map { _ in submit(bench, values) }
            for sink in sinks {
                let outcome = await sink.outcome()
                #expect(outcome.answers.first?.outputs.first?.tensor.floats == [values.reduce(0, +), 30])
            }
        }
        #expect(bench.session.overlaps == 0)
        #expect(bench.holder.ended == bench.holder.opened)
    }

    @Test func `one that is called back on the way is answered once and holds nothing`() async throws {
        let bench = try bench(instances: 2)
        await prove(bench)
        bench.session.gate.close()
        let arrived = bench.session.gate.arrivals
        let sink = bench.pooledSink()
        let tensor = Tensor([40, 2], floats: [Float](repeating: -1, count: 80))
        let handle = bench.submit(bench.request([NamedTensor(name: "a", tensor: tensor)]), to: sink)
        await bench.session.gate.arrived(arrived + 2)
        // The other half is called back, and the whole is run.
        bench.session.gate.passOne()
        await bench.session.gate.arrived(arrived + 3)
        #expect(bench.session.terminations.count == 1)
        #expect(bench.session.runs.last?.inputs[0]?.shape.dimensions == [40, 2])
        handle.cancel()
        #expect(await sink.outcome().error?.code == .cancelled)
        bench.session.gate.open()
        #expect(await submit(bench, [1, 2]).outcome().error == nil)
        // Its engine thread lets go of it a moment after it has been answered.
        while bench.holder.ended < bench.holder.opened { await Task.yield() }
    }
}
