import ApusCore
import ApusS3
import ApusTesting
import Testing

@Suite
struct RetryPlanTests {
    private let start = MonotonicTime(nanoseconds: 5_000_000_000)

    @Test
    func `pauses are spread over everything up to a bound that doubles`() {
        var longest = [Int64](repeating: 0, count: 8)
        var shortest = [Int64](repeating: .max, count: 8)
        for seed in 0..<500 {
            var plan = plan(seed: UInt64(seed))
            for failure in 0..<8 {
                guard case .again(let pause) = plan.failed(now: start) else { continue }
                longest[failure] = max(longest[failure], pause)
                shortest[failure] = min(shortest[failure], pause)
            }
        }
        for failure in 0..<8 {
            let bound = min(10_000_000_000, Int64(100_000_000) << failure)
            #expect(longest[failure] <= bound && longest[failure] > bound / 10 * 9)
            #expect(shortest[failure] < bound / 10)
        }
    }

    @Test
    func `it gives up rather than wait past the deadline`() {
        var plan = plan(seed: 1)
        #expect(plan.remaining(now: start) == 60_000_000_000)
        #expect(plan.failed(now: start.advanced(byNanoseconds: 60_000_000_000)) == .giveUp)
        #expect(plan.remaining(now: start.advanced(byNanoseconds: 70_000_000_000)) == 0)
    }

    @Test
    func `bytes begin patience anew`() {
        var plan = plan(seed: 1)
        let later = start.advanced(byNanoseconds: 59_999_999_999)
        for _ in 0..<11 { _ = plan.failed(now: start) }
        plan.progressed(now: later)
        #expect(plan.failureCount == 0)
        #expect(plan.failed(now: later) != .giveUp)
        #expect(plan.remaining(now: later) == 60_000_000_000)
    }

    @Test
    func `it waits as long as the server asks, within reason`() {
        var plan = plan(seed: 3)
        #expect(plan.failed(now: start, asked: 5_000_000_000) == .again(afterNanoseconds: 5_000_000_000))
        #expect(plan.failed(now: start, asked: .max) == .again(afterNanoseconds: 10_000_000_000))
    }

    @Test
    func `attempts are counted`() {
        var plan = plan(seed: 3)
        for _ in 0..<11 { #expect(plan.failed(now: start) != .giveUp) }
        #expect(plan.failed(now: start) == .giveUp)
    }

    private func plan(seed: UInt64) -> RetryPlan {
        RetryPlan(limits: RetryPlan.Limits(), now: start, generator: SeededGenerator(seed: seed))
    }
}
