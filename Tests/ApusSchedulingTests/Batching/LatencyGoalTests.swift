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

    /// A goal of 20 ms to which requests have come every millisecond, one after the other; the last one now.
    private func goal(present: Int, now: MonotonicTime) -> LatencyGoal {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        for step in -100...0 {
            goal.requestArrived(present: present, now: now.advanced(byNanoseconds: Int64(step) * 1_000_000))
            // Behind the first trial.
            goal.runStarted(present: present, mayWait: true, hasWaited: false)
        }
        return goal
    }

    @Test func `nobody waits for company that isn't likely to come`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        #expect(goal.waitEnd(first: start, runCost: 2_000_000, present: 1) == nil)
        goal.requestArrived(present: 1, now: start)
        goal.requestArrived(present: 8, now: start.advanced(byNanoseconds: 1_000_000_000))
        #expect(goal.waitEnd(first: start, runCost: 2_000_000, present: 1) == nil)
    }

    @Test func `what the goal leaves over is waited while others come often`() {
        let goal = goal(present: 8, now: start)
        // 20 ms without two runs of 8 ms; then without two of 2 ms, but nobody has come for four intervals.
        #expect(goal.waitEnd(first: start, runCost: 8_500_000, present: 7) == start.advanced(byNanoseconds: 3_000_000))
        #expect(goal.waitEnd(first: start, runCost: 2_000_000, present: 7) == start.advanced(byNanoseconds: 4_000_000))
        #expect(goal.waitEnd(first: start, runCost: 11_000_000, present: 7) == nil)
    }

    @Test func `nobody waits when as many are there as ever`() {
        let goal = goal(present: 8, now: start)
        #expect(goal.waitEnd(first: start, runCost: 2_000_000, present: 7) != nil)
        #expect(goal.waitEnd(first: start, runCost: 2_000_000, present: 8) == nil)
    }

    @Test func `a few waits in vain are enough to know that many have gone`() {
        var goal = goal(present: 64, now: start)
        var waits = 0
        while waits < 10, goal.waitEnd(first: start, runCost: 2_000_000, present: 2) != nil {
            goal.runStarted(present: 2, mayWait: true, hasWaited: true)
            waits += 1
        }
        #expect((2...4).contains(waits))
    }

    @Test func `now and then somebody waits all the same, less and less often when that brings nobody`() {
        var goal = goal(present: 2, now: start)
        var trials: [Int] = []
        for run in 0..<1_000 {
            let isTrial = goal.waitEnd(first: start, runCost: 2_000_000, present: 2) != nil
            if isTrial { trials.append(run) }
            goal.runStarted(present: 2, mayWait: isTrial, hasWaited: isTrial)
        }
        #expect((3...6).contains(trials.count))
        let pauses = zip(trials, trials.dropFirst()).map { $1 - $0 }
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $1 >= 2 * $0 - 1 })
    }

    @Test func `requests that come all at once don't make a wait of nothing for ever`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        for _ in 0..<100 { goal.requestArrived(present: 8, now: start) }
        #expect(goal.interval == 0)
        for step in 1...400 {
            goal.requestArrived(present: 8, now: start.advanced(byNanoseconds: Int64(step) * 1_000_000))
        }
        #expect(goal.interval.map { (900_000...1_000_000).contains($0) } == true)
    }

    @Test func `late runs take back what is allowed, runs in time give it back slowly`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        let whole = goal.limit(curve, largest: 64)
        for _ in 0..<10 { goal.runEnded(oldest: 30_000_000, now: start) }
        #expect(goal.limit(curve, largest: 64) < whole)
        let low = goal.share
        goal.runEnded(oldest: 1_000_000, now: start)
        #expect(goal.share > low && goal.share < low + 0.01)
        for _ in 0..<10_000 { goal.runEnded(oldest: 30_000_000, now: start) }
        #expect(goal.share > 0)
    }

    @Test func `in balance one run in a hundred is late`() {
        // A model that is late exactly when more than 60 % of the goal is used.
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        var late = 0
        for _ in 0..<100_000 {
            let isLate = goal.share > 0.6
            if isLate { late += 1 }
            goal.runEnded(oldest: isLate ? 21_000_000 : 19_000_000, now: start)
        }
        #expect((500...2500).contains(late))
    }

    @Test(arguments: [0.15, 0.3, 0.6])
    func `one run in a hundred is late wherever the balance lies`(part: Double) {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        var late = 0
        for run in 0..<110_000 {
            let isLate = goal.share > part
            // Behind the way down from the whole goal.
            if isLate, run >= 10_000 { late += 1 }
            goal.runEnded(oldest: isLate ? 21_000_000 : 19_000_000, now: start)
        }
        #expect((500...1500).contains(late))
    }

    @Test func `clients that have just been answered are given time to send again, however dense bursts are`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        for step in 0..<100 {
            goal.requestArrived(present: 32, now: start.advanced(byNanoseconds: Int64(step) * 1_000))
        }
        let ended = start.advanced(byNanoseconds: 1_000_000)
        goal.runEnded(oldest: 1_000_000, now: ended)
        let end = goal.waitEnd(first: ended, runCost: 1_000_000, present: 1)
        #expect(end == ended.advanced(byNanoseconds: 100_000))
    }
}
