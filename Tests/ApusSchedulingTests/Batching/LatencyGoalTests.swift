import ApusCore
import Testing

@testable import ApusScheduling

/// What a goal for the 99th percentile allows.
struct LatencyGoalTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    /// Rows that cost a fixed part of 1 ms for the run and 100 µs each.
    private var curve: CostCurve {
        var curve = CostCurve()
        for rows in [1, 2, 4, 8, 16, 32, 64] {
            for _ in 0..<4 { curve.record(rows: rows, nanoseconds: 1_000_000 + 100_000 * UInt64(rows)) }
        }
        return curve
    }

    @Test func `a run may last half of the goal`() {
        #expect(LatencyGoal(nanoseconds: 6_000_000).limit(curve, largest: 64) == 16)
        #expect(LatencyGoal(nanoseconds: 20_000_000).limit(curve, largest: 64) == 64)
        #expect(LatencyGoal(nanoseconds: 20_000_000).limit(curve, largest: 10) == 10)
        #expect(LatencyGoal(nanoseconds: 1_000_000).limit(curve, largest: 64) == 1)
    }

    @Test func `nobody waits for company that isn't likely to come`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        #expect(goal.wait(runCost: 2_000_000, present: 1) == 0)
        goal.requestArrived(present: 1, now: start)
        goal.requestArrived(present: 2, now: start.advanced(byNanoseconds: 1_000_000_000))
        #expect(goal.wait(runCost: 2_000_000, present: 1) == 0)
    }

    @Test func `what the goal leaves over is waited when others come often`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        for step in 0..<100 {
            goal.requestArrived(present: 8, now: start.advanced(byNanoseconds: Int64(step) * 1_000_000))
        }
        #expect(goal.wait(runCost: 2_000_000, present: 7) == 16_000_000)
        #expect(goal.wait(runCost: 11_000_000, present: 7) == 0)
    }

    @Test func `nobody waits when as many are there as lately at most`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        for step in 0..<100 {
            goal.requestArrived(present: 1 + step % 8, now: start.advanced(byNanoseconds: Int64(step) * 1_000))
        }
        #expect(goal.wait(runCost: 2_000_000, present: 7) > 0)
        #expect(goal.wait(runCost: 2_000_000, present: 8) == 0)
        // Four of them have gone.
        for _ in 0..<64 { goal.runEnded(oldest: 1_000_000) }
        #expect(goal.wait(runCost: 2_000_000, present: 4) == 0)
    }

    @Test func `late runs take back what is allowed, runs in time give it back slowly`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        let whole = goal.limit(curve, largest: 64)
        for _ in 0..<10 { goal.runEnded(oldest: 30_000_000) }
        #expect(goal.limit(curve, largest: 64) < whole)
        let low = goal.share
        goal.runEnded(oldest: 1_000_000)
        #expect(goal.share > low && goal.share < low + 0.01)
        for _ in 0..<10_000 { goal.runEnded(oldest: 30_000_000) }
        #expect(goal.share > 0)
    }

    @Test func `in balance one run in a hundred is late`() {
        // A model that is late exactly when more than 60 % of the goal is used.
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        var late = 0
        for _ in 0..<100_000 {
            let isLate = goal.share > 0.6
            if isLate { late += 1 }
            goal.runEnded(oldest: isLate ? 21_000_000 : 19_000_000)
        }
        #expect((500...2500).contains(late))
    }
}
