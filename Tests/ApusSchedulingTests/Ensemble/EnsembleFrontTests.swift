import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct EnsembleFrontTests {
    /// A step that asks a model for `y1` of `x`.
    private func step(_ model: String, _ input: String, _ output: String) -> EnsemblePlan.WrittenStep {
        EnsemblePlan.WrittenStep(
            model: ModelSelector(name: ModelName(model)!),
            inputs: ["x": input],
            outputs: ["y1": output]
        )
    }

    private func bench(_ members: [FakeMember], _ steps: [EnsemblePlan.WrittenStep], outputs: [String]) -> EnsembleBench
    {
        EnsembleBench(inputs: ["in"], outputs: outputs, steps: steps, models: FakeModels(members))
    }

    @Test(arguments: 1...100 as ClosedRange<UInt64>)
    func `answers are those of the members asked by hand, whatever the graph`(seed: UInt64) async {
        var random = SeededGenerator(seed: seed)
        let ensemble = RandomEnsemble(&random)
        let members = ensemble.steps.map { FakeMember($0.model.name.description, isHeld: Bool.random(using: &random)) }
        let bench = EnsembleBench(
            inputs: ensemble.inputs,
            outputs: ensemble.outputs,
            steps: ensemble.steps,
            models: FakeModels(members)
        )
        var given: [String: Float] = [:]
        for input in ensemble.inputs { given[input] = Float(Int.random(in: 0..<100, using: &random)) }
        let wanted = ensemble.outputs.filter { _ in Bool.random(using: &random) }
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(given, outputs: wanted), to: sink)
        while let member = members.filter({ $0.waiting > 0 }).randomElement(using: &random) { member.endOne() }
        let outcome = sink.outcomeSoFar
        let values = ensemble.values(of: given)
        let expected = ensemble.outputs.filter { wanted.isEmpty || wanted.contains($0) }
        #expect(outcome?.error == nil)
        #expect(outcome?.answers.first?.outputs.map(\.name) == expected, "seed \(seed)")
        #expect(outcome?.answers.first?.outputs.map { $0.tensor.floats } == expected.map { [values[$0]!] })
        #expect(outcome?.answers.first?.id == "7")
        #expect(sink.faults.isEmpty && bench.areAllLeasesEnded, "seed \(seed)")
    }

    @Test func `steps that don't need each other are asked at the same time`() {
        let members = ["a", "b", "c", "d"].map { FakeMember($0, isHeld: true) }
        let join = EnsemblePlan.WrittenStep(
            model: ModelSelector(name: ModelName("d")!),
            inputs: ["x": "u", "z": "v"],
            outputs: ["y1": "out"]
        )
        let bench = bench(
            members,
            [step("a", "in", "t"), step("b", "t", "u"), step("c", "t", "v"), join],
            outputs: ["out"]
        )
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(["in": 1]), to: sink)
        #expect(members.map(\.waiting) == [1, 0, 0, 0])
        members[0].endOne()
        #expect(members.map(\.waiting) == [0, 1, 1, 0])
        members[2].endOne()
        #expect(members.map(\.waiting) == [0, 1, 0, 0])
        members[1].endOne()
        #expect(members.map(\.waiting) == [0, 0, 0, 1])
        members[3].endOne()
        #expect(sink.outcomeSoFar?.answers.first?.outputs.first?.tensor.floats == [12])
    }

    @Test func `what a request says of itself is passed on to all steps`() {
        let members = ["a", "b"].map { FakeMember($0) }
        let bench = bench(members, [step("a", "in", "t"), step("b", "t", "out")], outputs: ["out"])
        var request = bench.request(["in": 1], id: "me")
        request.priority = 3
        request.parameters = ["p": .int(1)]
        request.traceParent = "00-1-2-01"
        request.caller = Caller(key: "somebody")
        let deadline = bench.time.now.advanced(byNanoseconds: 1000)
        request.deadline = Deadline(time: deadline)
        _ = bench.front.submit(request, to: RecordingSink())
        for member in members {
            #expect(member.calls.map(\.id) == ["me"])
            #expect(member.calls.map(\.priority) == [3])
            #expect(member.calls.map(\.parameters) == [["p": .int(1)]])
            #expect(member.calls.map(\.traceParent) == ["00-1-2-01"])
            #expect(member.calls.map(\.caller) == [Caller(key: "somebody")])
            #expect(member.calls.map(\.deadline.time) == [deadline])
        }
    }

    @Test func `a timeout is the deadline of all steps together`() {
        let member = FakeMember("a")
        let bench = bench([member], [step("a", "in", "out")], outputs: ["out"])
        var request = bench.request(["in": 1])
        request.queueTimeout = 500
        let received = bench.time.now
        bench.time.advance(byNanoseconds: 100)
        _ = bench.front.submit(request, to: RecordingSink())
        #expect(member.calls.map(\.deadline.time) == [received.advanced(byNanoseconds: 500)])
    }

    @Test func `an input that may be left out is left out for its step`() {
        let member = FakeMember("a")
        let both = EnsemblePlan.WrittenStep(
            model: ModelSelector(name: ModelName("a")!),
            inputs: ["x": "in", "z": "more"],
            outputs: ["y1": "out"]
        )
        let bench = EnsembleBench(
            inputs: ["in", "more"],
            outputs: ["out"],
            steps: [both],
            models: FakeModels([member]),
            optional: ["more"]
        )
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(["in": 1]), to: sink)
        #expect(member.calls.first?.inputs.map(\.name) == ["x"])
        #expect(sink.outcomeSoFar?.error == nil)
    }

    @Test func `a long chain of models that answer at once needs no deep stack`() {
        let steps = (0..<256).map { step("a", $0 == 0 ? "in" : "t\($0)", $0 == 255 ? "out" : "t\($0 + 1)") }
        let bench = bench([FakeMember("a")], steps, outputs: ["out"])
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(["in": 0]), to: sink)
        #expect(sink.outcomeSoFar?.answers.first?.outputs.first?.tensor.floats == [512])
        #expect(bench.areAllLeasesEnded)
        // Each version of a model is leased once, however many steps ask it.
        #expect(bench.front.plan.members.count == 1)
    }

    @Test func `statistics are those of a model that waits for nothing`() {
        let member = FakeMember("a", isHeld: true)
        let bench = bench([member], [step("a", "in", "out")], outputs: ["out"])
        _ = bench.front.submit(bench.request(["in": 1]), to: RecordingSink())
        bench.time.advance(byNanoseconds: 5000)
        member.endOne()
        let statistics = bench.front.statistics()
        #expect(statistics.success.count == 1 && statistics.success.nanoseconds == 5000)
        #expect(statistics.queue.count == 1 && statistics.queue.nanoseconds == 0)
        #expect(statistics.computeInfer.nanoseconds == 5000)
        #expect(statistics.inferenceCount == 1 && statistics.executionCount == 1)
    }

    @Test func `an ensemble is as ready as its members, of whatever depth`() throws {
        let member = FakeMember("a")
        let inner = bench([member], [step("a", "in", "out")], outputs: ["out"])
        try inner.front.checkReadiness()
        inner.models.remove("a")
        let error = #expect(throws: InferenceError.self) { try inner.front.checkReadiness() }
        #expect(error?.code == .unavailable)
        #expect(error?.message.contains("step") == true)
        #expect(inner.areAllLeasesEnded)
    }
}
