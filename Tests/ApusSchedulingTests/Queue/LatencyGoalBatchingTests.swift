import ApusCore
import Testing

@testable import ApusScheduling

/// A goal for the 99th percentile in the place of sizes and delays.
struct LatencyGoalBatchingTests {
    private static let runTime: Int64 = 1_000_000

    /// One instance whose runs take a millisecond, however many rows they have; the goal is 20 ms.
    private struct Bench {
        var machine: BatchingStateMachine<Int>
        var now = MonotonicTime(nanoseconds: 1_000_000_000)
        /// When the run under way ends, and how many requests it answers.
        private(set) var underWay: (ends: MonotonicTime, requests: Int)?
        /// The rows of each run that has begun.
        private(set) var runs: [Int] = []
        private(set) var wakeAt: MonotonicTime?

        init() {
            var rules = BatchingStateMachine<Int>.Rules()
            rules.batching.latencyGoal = 20 * runTime
            machine = BatchingStateMachine<Int>(rules: rules, isJoining: true)
            for rows in [1, 2, 4, 8] {
                for _ in 0..<4 {
                    guard let instance = machine.takeIdleInstance() else { continue }
                    let cost = UInt64(runTime)
                    _ = machine.runEnded(instance: instance, bucket: 7, rows: rows, nanoseconds: cost, now: now)
                }
            }
        }

        /// A request comes now.
        mutating func enqueue() {
            let entry = QueueEntry(request: 1, level: 0, rows: 1, bucket: 7, enqueued: now, deadline: nil)
            guard case .waits(_, let change) = machine.enqueue(entry, now: now) else { return }
            carryOut(change)
        }

        /// Lets time pass until then, with all that happens meanwhile.
        ///
        /// - Returns: When runs ended, and how many requests they answered.
        mutating func pass(until end: MonotonicTime) -> [(at: MonotonicTime, answers: Int)] {
            var ended: [(at: MonotonicTime, answers: Int)] = []
            while let next = [underWay?.ends, wakeAt].compactMap(\.self).min(), next <= end {
                now = max(now, next)
                if let run = underWay, run.ends == next {
                    underWay = nil
                    ended.append((next, run.requests))
                    let cost = UInt64(runTime)
                    carryOut(
                        machine.runEnded(instance: 0, bucket: 7, rows: run.requests, nanoseconds: cost, now: now)
                    )
                } else {
                    wakeAt = nil
                    carryOut(machine.timePassed(now: now).1)
                }
            }
            now = max(now, end)
            return ended
        }

        private mutating func carryOut(_ change: BatchingStateMachine<Int>.OnChange) {
            wakeAt = change.wakeAt
            guard change.instance != nil else { return }
            let rows = machine.instanceStarted(0, now: now).parts.count
            runs.append(rows)
            underWay = (now.advanced(byNanoseconds: runTime), rows)
        }
    }

    @Test func `the first of many waits for what the goal leaves over`() {
        var bench = Bench()
        // They come twice in the time of a run, whoever is answered.
        for _ in 0..<2_000 {
            _ = bench.pass(until: bench.now.advanced(byNanoseconds: 500_000))
            bench.enqueue()
        }
        let rows = bench.runs.suffix(10).reduce(0, +)
        #expect(rows >= 200, "of \(bench.runs.suffix(10))")
        #expect(bench.runs.suffix(10).allSatisfy { $0 <= 40 })
    }

    @Test(arguments: [1, 2, 3, 8, 32])
    func `clients that wait for their answers aren't made to wait for each other`(clients: Int) {
        var bench = Bench()
        var answered = clients
        let start = bench.now
        while bench.runs.count < 500 {
            // Each sends again 20 µs after the one before it.
            for _ in 0..<answered {
                bench.enqueue()
                answered -= 1
                for run in bench.pass(until: bench.now.advanced(byNanoseconds: 20_000)) { answered += run.answers }
            }
            for run in bench.pass(until: bench.now.advanced(byNanoseconds: 100_000)) { answered += run.answers }
        }
        let elapsed = bench.now.nanoseconds(since: start)
        let answers = bench.runs.reduce(0, +)
        // All of them in each run, and a run and what they need to send again at a time.
        let ideal = UInt64(LatencyGoalBatchingTests.runTime) + UInt64(clients) * 20_000 + 100_000
        #expect(UInt64(answers) * ideal >= UInt64(clients) * elapsed * 8 / 10, "\(answers) in \(elapsed) ns")
    }

    @Test func `one alone doesn't wait for others that hardly ever come`() {
        var bench = Bench()
        for _ in 0..<100 {
            let runs = bench.runs.count
            bench.enqueue()
            #expect(bench.runs.count == runs + 1)
            _ = bench.pass(until: bench.now.advanced(byNanoseconds: 1_000_000_000))
        }
    }
}
