import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Rules before a scheduler.
struct ValidatingFrontTests {
    private func front(_ bench: Bench) -> ValidatingFront {
        var rule = InputRule(input: "a", dataType: .fp32)
        rule.range = 0...10
        return ValidatingFront(bench.scheduler, rules: [rule], time: bench.time)
    }

    private func request(_ numbers: [Float], of bench: Bench, to front: ValidatingFront) -> InferenceRequest {
        var request = InferenceRequest(
            inputs: [NamedTensor(name: "a", tensor: Tensor(floats: numbers))],
            timings: RequestTimings(received: bench.time.now),
            lease: bench.holder.lease(front)
        )
        request.id = "r"
        request.requestedOutputs = ["x"]
        return request
    }

    @Test func `what keeps the rules goes on`() async throws {
        let bench = try Bench()
        let front = front(bench)
        let sink = bench.pooledSink()
        _ = front.submit(request([0, 10], of: bench, to: front), to: sink)
        #expect(await sink.outcome().answers.count == 1)
        #expect(bench.session.runs.count == 1)
        #expect(front.statistics().success.count == 1)
        #expect(front.statistics().fail.count == 0)
    }

    @Test func `what breaks them is refused before anything waits, and counted`() async throws {
        let bench = try Bench()
        let front = front(bench)
        let sink = bench.pooledSink()
        let handle = front.submit(request([0, 11], of: bench, to: front), to: sink)
        #expect(handle.isFinished)
        let error = await sink.outcome().error
        #expect(error?.code == .invalidArgument)
        #expect(error?.field == "a[1]")
        #expect(error?.message.hasPrefix("[request id: r] input 'a[1]'") == true)
        #expect(bench.session.runs.isEmpty)
        let statistics = front.statistics()
        #expect(statistics.fail.count == 1)
        #expect(statistics.failures[3] == 1)
        #expect(bench.holder.ended == bench.holder.opened)
    }
}
