import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

/// How requests to ensembles end otherwise than with an answer.
struct EnsembleEndingTests {
    private func step(_ model: String, _ input: String, _ output: String) -> EnsemblePlan.WrittenStep {
        EnsemblePlan.WrittenStep(
            model: ModelSelector(name: ModelName(model)!),
            inputs: ["x": input],
            outputs: ["y1": output]
        )
    }

    /// `first`, then `left` and `right`.
    private func fork(_ members: [FakeMember], budget: ByteBudget? = nil) -> EnsembleBench {
        EnsembleBench(
            inputs: ["in"],
            outputs: ["u", "v"],
            steps: [step("first", "in", "t"), step("left", "t", "u"), step("right", "t", "v")],
            models: FakeModels(members),
            budget: budget
        )
    }

    @Test func `a step's failure names the ensemble, the step and the member's words, and calls the others back`() {
        let left = FakeMember("left", isHeld: true)
        let right = FakeMember("right", isHeld: true)
        let bench = fork([FakeMember("first"), left, right])
        let sink = RecordingSink()
        let handle = bench.front.submit(bench.request(["in": 1], id: "q"), to: sink)
        #expect(!handle.isFinished && sink.outcomeSoFar == nil)
        right.endOne(with: InferenceError(.engineFailure, "the engine broke", field: "x", hint: "mend it"))
        let error = sink.outcomeSoFar?.error
        #expect(error?.message == "[request id: q] in ensemble 'e', step 3 'right': the engine broke")
        #expect(error?.code == .engineFailure)
        #expect(error?.field == "x" && error?.hint == "mend it")
        #expect(left.cancels == 1)
        #expect(sink.faults.isEmpty && bench.areAllLeasesEnded)
        let statistics = bench.front.statistics()
        #expect(statistics.failures == [0, 0, 0, 1])
        #expect(statistics.fail.count == 1 && statistics.success.count == 0)
    }

    @Test func `a step that is being asked when another one fails is called back as well`() {
        let left = FakeMember("left", isHeld: true)
        let right = FakeMember("right", isHeld: true)
        let bench = fork([FakeMember("first"), left, right])
        right.whenAsked { left.endOne(with: InferenceError(.engineFailure, "broken")) }
        let sink = RecordingSink()
        let handle = bench.front.submit(bench.request(["in": 1]), to: sink)
        #expect(handle.isFinished)
        #expect(right.cancels == 1 && right.waiting == 0)
        #expect(sink.outcomeSoFar?.error?.message.hasSuffix("in ensemble 'e', step 2 'left': broken") == true)
        #expect(sink.faults.isEmpty && bench.areAllLeasesEnded)
    }

    @Test func `a cancelled request calls its running steps back, and no further one is asked`() {
        let members = ["first", "left", "right"].map { FakeMember($0, isHeld: true) }
        let bench = fork(members)
        let sink = RecordingSink()
        let handle = bench.front.submit(bench.request(["in": 1]), to: sink)
        members[0].endOne()
        handle.cancel()
        handle.cancel()
        #expect(members.map(\.cancels) == [0, 1, 1])
        #expect(sink.outcomeSoFar?.error?.code == .cancelled)
        #expect(sink.faults.isEmpty && bench.areAllLeasesEnded)
        #expect(bench.front.statistics().failures == [0, 1, 0, 0])
    }

    @Test func `a deadline in the middle is the ensemble's, and its steps' too`() {
        let members = ["first", "left", "right"].map { FakeMember($0, isHeld: true) }
        let bench = fork(members)
        var request = bench.request(["in": 1])
        let deadline = bench.time.now.advanced(byNanoseconds: 50)
        request.deadline = Deadline(time: deadline)
        let sink = RecordingSink()
        let handle = bench.front.submit(request, to: sink)
        #expect(handle.deadline.time == deadline)
        bench.time.advance(byNanoseconds: 50)
        handle.expire()
        #expect(members.map(\.expiries) == [1, 0, 0])
        #expect(sink.outcomeSoFar?.error?.message == "[request id: 7] Request timeout expired")
        #expect(bench.areAllLeasesEnded)
    }

    @Test func `a deadline that has passed asks nobody`() {
        let members = ["first", "left", "right"].map { FakeMember($0) }
        let bench = fork(members)
        var request = bench.request(["in": 1])
        request.deadline = Deadline(time: bench.time.now)
        let sink = RecordingSink()
        let handle = bench.front.submit(request, to: sink)
        #expect(handle.isFinished)
        #expect(sink.outcomeSoFar?.error?.message == "[request id: 7] Request timeout expired")
        #expect(members.allSatisfy { $0.calls.isEmpty } && bench.areAllLeasesEnded)
    }

    @Test func `a member that is gone is named before any step runs`() {
        let members = ["first", "left"].map { FakeMember($0) }
        let bench = fork(members)
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(["in": 1]), to: sink)
        let error = sink.outcomeSoFar?.error
        #expect(error?.code == .unavailable)
        #expect(
            error?.message
                == "[request id: 7] in ensemble 'e', step 3 'right': Request for unknown model: 'right' is not found"
        )
        #expect(error?.hint == "look")
        #expect(members.allSatisfy { $0.calls.isEmpty } && bench.areAllLeasesEnded)
    }

    @Test func `a request that doesn't fit asks nobody`() {
        let members = ["first", "left", "right"].map { FakeMember($0) }
        let bench = fork(members)
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(["wrong": 1]), to: sink)
        #expect(sink.outcomeSoFar?.error?.code == .invalidArgument)
        #expect(members.allSatisfy { $0.calls.isEmpty } && bench.areAllLeasesEnded)
    }

    @Test(arguments: [0, 2])
    func `a member that doesn't give exactly one answer fails its step`(answers: Int) {
        let bench = fork([FakeMember("first", answers: answers), FakeMember("left"), FakeMember("right")])
        let sink = RecordingSink()
        _ = bench.front.submit(bench.request(["in": 1]), to: sink)
        #expect(
            sink.outcomeSoFar?.error?.message
                == "[request id: 7] in ensemble 'e', step 1 'first': its model gave \(answers) answers; "
                + "a step of an ensemble takes exactly one"
        )
        #expect(sink.faults.isEmpty && bench.areAllLeasesEnded)
    }

    @Test func `members stay leased until the answer is written`() {
        let members = ["first", "left", "right"].map { FakeMember($0) }
        let bench = fork(members)
        let sink = RecordingSink(holdsAnswers: true)
        _ = bench.front.submit(bench.request(["in": 1]), to: sink)
        #expect(sink.hasEnded)
        #expect(members.map(\.holder.ended) == [0, 0, 0] && bench.holder.ended == 0)
        sink.releaseAnswers()
        #expect(bench.areAllLeasesEnded)
    }

    @Test func `tensors between steps are charged, and a full budget ends the request`() {
        let big = Tensor(floats: [Float](repeating: 1, count: 1 << 16))
        for (limit, isEnough) in [(2 << 20, true), (1 << 17, false)] {
            let budget = ByteBudget(limit: limit)
            let copier = CopyingMember("first")
            let models = FakeModels([FakeMember("left"), FakeMember("right")])
            models.add(copier, copier.holder)
            let bench = EnsembleBench(
                inputs: ["in"],
                outputs: ["u", "v"],
                steps: [step("first", "in", "t"), step("left", "t", "u"), step("right", "t", "v")],
                models: models,
                budget: budget
            )
            var request = bench.request(["in": 1])
            request.inputs = [NamedTensor(name: "in", tensor: big)]
            let sink = RecordingSink(holdsAnswers: true)
            _ = bench.front.submit(request, to: sink)
            #expect((sink.outcomeSoFar?.error?.code == .resourceExhausted) == !isEnough)
            #expect(budget.inUse == (isEnough ? 1 << 18 : 0))
            sink.releaseAnswers()
            #expect(budget.inUse == 0 && bench.areAllLeasesEnded)
        }
    }
}

/// Gives its input back.
private final class CopyingMember: ServedModel {
    let description: ModelDescription
    let allocator: any TensorAllocator = HeapTensorAllocator()
    let holder = RecordingLeaseHolder()

    init(_ name: String) {
        description = ModelDescription(
            id: ModelID(name: ModelName(name)!, version: .first),
            platform: "fake",
            inputs: [],
            outputs: []
        )
    }

    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let output = NamedTensor(name: request.requestedOutputs[0], tensor: request.inputs[0].tensor)
        sink.receive(request.answer(with: [output]))
        sink.finish(.success)
        return .finished
    }
}
