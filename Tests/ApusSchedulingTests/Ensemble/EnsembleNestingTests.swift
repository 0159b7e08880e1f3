import ApusCore
import ApusEngine
import ApusTesting
import Foundation
import Testing

@testable import ApusScheduling

/// Ensembles in ensembles, and ensembles over real schedulers.
struct EnsembleNestingTests {
    private func step(_ model: String, _ input: String, _ output: String) -> EnsemblePlan.WrittenStep {
        EnsemblePlan.WrittenStep(
            model: ModelSelector(name: ModelName(model)!),
            inputs: [model.hasPrefix("e") ? "in" : "x": input],
            outputs: [model.hasPrefix("e") ? "out" : "y1": output]
        )
    }

    /// An ensemble of one member, live as another's member.
    private func nest(_ name: String, around member: String, _ models: FakeModels, depth: Int) -> EnsembleBench {
        let bench = EnsembleBench(
            name,
            inputs: ["in"],
            outputs: ["out"],
            steps: [step(member, "in", "out")],
            models: models,
            extent: EnsembleExtent(depth: depth, requests: depth)
        )
        models.add(bench.front, bench.holder)
        return bench
    }

    @Test func `an ensemble's member may be an ensemble, whose members are leased with the outer one's`() {
        let member = FakeMember("m", isHeld: true)
        let models = FakeModels([member])
        _ = nest("e1", around: "m", models, depth: 1)
        let outer = EnsembleBench(
            "outer",
            inputs: ["in"],
            outputs: ["out"],
            steps: [step("m", "in", "t"), step("e1", "t", "out")],
            models: models,
            extent: EnsembleExtent(depth: 2, requests: 3)
        )
        let sink = RecordingSink()
        _ = outer.front.submit(outer.request(["in": 0]), to: sink)
        // The inner one's member too, although its turn hasn't come.
        models.remove("m")
        #expect(member.holder.opened == 2)
        member.endOne()
        member.endOne()
        #expect(sink.outcomeSoFar?.answers.first?.outputs.first?.tensor.floats == [4])
        #expect(sink.faults.isEmpty && outer.areAllLeasesEnded)
        #expect(member.holder.opened == member.holder.ended)
    }

    @Test func `a failure deep inside names the way there`() {
        let models = FakeModels([FakeMember("m", failure: InferenceError(.engineFailure, "broken"))])
        _ = nest("e1", around: "m", models, depth: 1)
        let outer = nest("outer", around: "e1", models, depth: 2)
        let sink = RecordingSink()
        _ = outer.front.submit(outer.request(["in": 0]), to: sink)
        #expect(
            sink.outcomeSoFar?.error?.message
                == "[request id: 7] in ensemble 'outer', step 1 'e1': in ensemble 'e1', step 1 'm': broken"
        )
        #expect(outer.areAllLeasesEnded)
    }

    @Test func `an ensemble that has come to contain itself is refused, not asked for ever`() {
        let models = FakeModels()
        let one = nest("e1", around: "e2", models, depth: 2)
        _ = nest("e2", around: "e1", models, depth: 2)
        let sink = RecordingSink()
        _ = one.front.submit(one.request(["in": 0]), to: sink)
        let error = sink.outcomeSoFar?.error
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("has grown too large since it was loaded") == true)
        #expect(one.areAllLeasesEnded)
    }

    @Test func `so is one that contains itself behind something that stands in front of it`() {
        let models = FakeModels()
        let one = nest("e1", around: "e2", models, depth: 2)
        let two = nest("e2", around: "e1", models, depth: 2)
        models.add(Renamed(two.front, "e2"), two.holder)
        let sink = RecordingSink()
        _ = one.front.submit(one.request(["in": 0]), to: sink)
        #expect(sink.outcomeSoFar?.error?.message.contains("has grown too large since it was loaded") == true)
        #expect(one.areAllLeasesEnded)
    }

    @Test func `ensembles that multiply are bounded`() {
        let wide = EnsembleLimits.extent(of: [EnsembleExtent?](repeating: nil, count: 256))
        #expect(wide == EnsembleExtent(depth: 1, requests: 256) && EnsembleLimits.allows(wide))
        let wider = EnsembleLimits.extent(of: [EnsembleExtent?](repeating: wide, count: 256))
        #expect(!EnsembleLimits.allows(wider))
        var deep: EnsembleExtent?
        for _ in 0..<EnsembleLimits.depth { deep = EnsembleLimits.extent(of: [deep]) }
        #expect(EnsembleLimits.allows(deep!))
        #expect(!EnsembleLimits.allows(EnsembleLimits.extent(of: [deep])))
    }

    @Test func `steps of models that are cheap enough run on the event loop, one after the other`() async throws {
        let bench = try Bench()
        await bench.warmUp()
        let models = FakeModels()
        models.add(Renamed(bench.scheduler, "m"), bench.holder)
        let steps = ["IN", "t", "u"].map { tensor in
            EnsemblePlan.WrittenStep(
                model: ModelSelector(name: ModelName("m")!),
                inputs: ["a": tensor],
                outputs: ["x": tensor == "IN" ? "t" : tensor == "t" ? "u" : "OUT"]
            )
        }
        let ensemble = EnsembleBench(inputs: ["IN"], outputs: ["OUT"], steps: steps, models: models)
        var request = ensemble.request(["IN": 1])
        request.inputs = [NamedTensor(name: "IN", tensor: Tensor(floats: [1, 2]))]
        let lane = RecordingLane()
        let sink = RecordingSink(lane: lane)
        let boxed = HandOver<InferenceRequest>(request)
        let handle = lane.run { ensemble.front.submit(boxed.take()!, to: sink) }
        #expect(handle.isFinished && sink.outcomeSoFar?.answers.count == 1)
        #expect(lane.deliveries.isEmpty)
        #expect(bench.scheduler.statistics().inlineExecutionCount == 3)
    }

    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func `over real schedulers every request is answered once and every lease ends`(seed: UInt64) throws {
        let benches = try (0..<3).map { try Bench(threads: 1, configuration: .init(instances: 1 + $0 % 2)) }
        let models = FakeModels()
        for (index, bench) in benches.enumerated() {
            models.add(Renamed(bench.scheduler, "m\(index)"), bench.holder)
        }
        func step(_ model: String, _ input: String, _ output: String) -> EnsemblePlan.WrittenStep {
            EnsemblePlan.WrittenStep(
                model: ModelSelector(name: ModelName(model)!),
                inputs: ["a": input],
                outputs: ["x": output]
            )
        }
        let bench = EnsembleBench(
            inputs: ["in"],
            outputs: ["u", "v"],
            steps: [step("m0", "in", "t"), step("m1", "t", "u"), step("m2", "t", "w"), step("m0", "w", "v")],
            models: models
        )
        let clients = (0..<4).map { client in
            let group = DispatchSemaphore(value: 0)
            Thread {
                EnsembleNestingTests.send(300, to: bench, seed: seed &* 100 &+ UInt64(client))
                group.signal()
            }
            .start()
            return group
        }
        for client in clients { client.wait() }
        #expect(bench.holder.opened == 1200)
        // Runs that were called back end some time later.
        let end = Date(timeIntervalSinceNow: 20)
        while !bench.areAllLeasesEnded, Date() < end { Thread.sleep(forTimeInterval: 0.005) }
        #expect(bench.areAllLeasesEnded)
        let statistics = bench.front.statistics()
        #expect(statistics.success.count + statistics.fail.count == 1200)
    }

    /// Is an event loop that sends requests, calls some back, and looks at the answers.
    private static func send(_ count: Int, to bench: EnsembleBench, seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let lane = RecordingLane()
        for _ in 0..<count {
            let value = Float(Int.random(in: 0..<1000, using: &random))
            let sink = RecordingSink(lane: lane)
            let handle = lane.run { bench.front.submit(bench.request(["in": value]), to: sink) }
            switch Int.random(in: 0..<6, using: &random) {
            case 0: handle.cancel()
            case 1: handle.expire()
            default: break
            }
            lane.carryOut { sink.hasEnded }
            let outcome = sink.outcomeSoFar
            #expect(sink.faults.isEmpty, "seed \(seed)")
            if outcome?.error == nil {
                #expect(outcome?.answers.first?.outputs.map { $0.tensor.floats } == [[value], [value]], "seed \(seed)")
            }
        }
    }
}

/// A model under another name, or behind something that nobody can look behind.
private final class Renamed: ServedModel {
    let description: ModelDescription
    let allocator: any TensorAllocator = HeapTensorAllocator()
    private let model: any ServedModel

    init(_ model: any ServedModel, _ name: String) {
        self.model = model
        description = ModelDescription(
            id: ModelID(name: ModelName(name)!, version: .first),
            platform: "fake",
            inputs: model.description.inputs,
            outputs: model.description.outputs,
            ensemble: model.description.ensemble
        )
    }

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        model.submit(request, to: sink)
    }
}
