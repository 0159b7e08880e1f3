import ApusCore
import Testing

/// Leases and the values that carry them: whatever way a request takes, its lease ends exactly once.
struct LeaseTests {
    private func request(_ holder: RecordingLeaseHolder, budget: ByteBudget) -> InferenceRequest {
        var request = InferenceRequest(
            inputs: [],
            timings: RequestTimings(received: MonotonicTime(nanoseconds: 1)),
            lease: holder.lease()
        )
        request.id = "r"
        request.charge = ByteCharge(10, from: budget)
        return request
    }

    private func drop(_ request: consuming InferenceRequest) {}

    private func answer(_ request: consuming InferenceRequest) -> InferenceAnswer {
        request.answer(with: [])
    }

    @Test func `a lease ends when its owner lets it go`() {
        let holder = RecordingLeaseHolder()
        do {
            let lease = holder.lease()
            #expect(lease.model.description.id.description == "fake/1")
            #expect(holder.endedCount == 0)
        }
        #expect(holder.endedCount == 1)
    }

    @Test func `a copy is a lease of its own`() {
        let holder = RecordingLeaseHolder()
        do {
            let copy: Lease
            do {
                let lease = holder.lease()
                copy = lease.copy()
                #expect(holder.copiedCount == 1)
            }
            #expect(holder.endedCount == 1)
            #expect(copy.model.description.id.description == "fake/1")
        }
        #expect(holder.endedCount == 2)
    }

    @Test func `a dropped request ends its lease and charge once`() {
        let holder = RecordingLeaseHolder()
        let budget = ByteBudget(limit: 10)
        drop(request(holder, budget: budget))
        #expect(holder.endedCount == 1)
        #expect(budget.inUse == 0)
    }

    @Test func `an answer takes lease and charge over and ends them once`() {
        let holder = RecordingLeaseHolder()
        let budget = ByteBudget(limit: 10)
        do {
            let answer = answer(request(holder, budget: budget))
            #expect(answer.id == "r")
            #expect(holder.endedCount == 0)
            #expect(budget.inUse == 10)
        }
        #expect(holder.endedCount == 1)
        #expect(budget.inUse == 0)
    }

    @Test func `a completion gives its answer, then its end, and the lease ends behind it`() {
        let holder = RecordingLeaseHolder()
        let budget = ByteBudget(limit: 10)
        let sink = RecordingSink()
        let completion = Completion(answer: answer(request(holder, budget: budget)), to: sink)
        #expect(holder.endedCount == 0)
        sink.lane.deliver([completion])
        #expect(sink.events == ["answer r", "success"])
        #expect(holder.endedCount == 1)
    }

    @Test func `a completion that nobody carries out ends its lease all the same`() {
        let holder = RecordingLeaseHolder()
        do {
            _ = Completion(answer: answer(request(holder, budget: ByteBudget(limit: 10))), to: RecordingSink())
        }
        #expect(holder.endedCount == 1)
    }

    @Test func `a failure comes without an answer`() {
        let sink = RecordingSink()
        Completion(failure: InferenceError(.cancelled, "gone"), to: sink).carryOut()
        #expect(sink.events == ["failure cancelled"])
    }
}
