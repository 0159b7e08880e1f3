import ApusCore
import Testing

@testable import ApusScheduling

/// A goal for the 99th percentile in the place of sizes and delays.
struct LatencyGoalBatchingTests {
    private static let runTime: Int64 = 1_000_000

    /// Instances whose runs take a millisecond, however many rows they have.
    private struct Bench {
        var machine: BatchingStateMachine<Int>
        var now = MonotonicTime(nanoseconds: 1_000_000_000)
        /// For each instance that runs when it ends, and how many requests of clients it answers.
        private(set) var underWay: [Int: (ends: MonotonicTime, requests: Int, rows: Int)] = [:]
        /// The rows of each run that has begun.
        private(set) var runs: [Int] = []
        private(set) var wakeAt: MonotonicTime?

        init(instances: Int = 1, goal: Int64 = 20) {
            var rules = BatchingStateMachine<Int>.Rules()
            rules.batching.latencyGoal = goal * runTime
            rules.instances = instances
            machine = BatchingStateMachine<Int>(rules: rules, isJoining: true)
            for rows in [1, 2, 4, 8] {
                for _ in 0..<4 {
                    guard let instance = machine.takeIdleInstance() else { continue }
                    let cost = UInt64(runTime)
                    _ = machine.runEnded(instance: instance, bucket: 7, rows: rows, nanoseconds: cost, now: now)
                }
            }
        }

        /// A request comes now: one of the clients', who send again when it is answered, or somebody else's.
        mutating func enqueue(rows: Int = 1, isClients: Bool = true) {
            let entry = QueueEntry(
                request: isClients ? 1 : 0,
                level: 0,
                rows: rows,
                bucket: 7,
                enqueued: now,
                deadline: nil
            )
            guard case .waits(_, let change) = machine.enqueue(entry, now: now) else { return }
            carryOut(change)
        }

        /// Lets time pass until then, with all that happens meanwhile.
        ///
        /// - Returns: How many requests of clients were answered.
        mutating func pass(until end: MonotonicTime) -> Int {
            var answers = 0
            while true {
                let run = underWay.min { $0.value.ends < $1.value.ends }
                guard let next = [run?.value.ends, wakeAt].compactMap(\.self).min(), next <= end else { break }
                now = max(now, next)
                if let run, run.value.ends == next {
                    underWay[run.key] = nil
                    answers += run.value.requests
                    carryOut(
                        machine.runEnded(
                            instance: run.key,
                            bucket: 7,
                            rows: run.value.rows,
                            nanoseconds: UInt64(runTime),
                            now: now
                        )
                    )
                } else {
                    wakeAt = nil
                    carryOut(machine.timePassed(now: now).1)
                }
            }
            now = max(now, end)
            return answers
        }

        /// The same for a while.
        mutating func pass(_ nanoseconds: Int64) -> Int { pass(until: now.advanced(byNanoseconds: nanoseconds)) }

        private mutating func carryOut(_ change: BatchingStateMachine<Int>.OnChange) {
            wakeAt = change.wakeAt
            guard let instance = change.instance else { return }
            let start = machine.instanceStarted(instance, now: now)
            let rows = start.parts.reduce(0) { $0 + $1.rows.count }
            guard rows > 0 else { return carryOut(start.change) }
            runs.append(rows)
            let answers = start.parts.count { $0.isLast && $0.request == 1 }
            underWay[instance] = (now.advanced(byNanoseconds: runTime), answers, rows)
            carryOut(start.change)
        }

        /// Clients that wait for their answers, each of which sends again 20 µs after the one before it.
        ///
        /// - Returns: How many requests were answered, and in what time.
        mutating func closedLoop(
            clients: Int,
            runs count: Int,
            beforeRound: (inout Bench, Int) -> Void = { _, _ in }
        ) -> (answers: Int, nanoseconds: UInt64) {
            let start = now
            let end = runs.count + count
            var free = clients
            var answers = 0
            for round in 0..<count * 400 where runs.count < end {
                beforeRound(&self, round)
                for _ in 0..<free {
                    enqueue()
                    free -= 1
                    let new = pass(20_000)
                    free += new
                    answers += new
                }
                let new = pass(100_000)
                free += new
                answers += new
            }
            return (answers, now.nanoseconds(since: start))
        }
    }

    /// The part of what clients could get at best that they got: all of them in each run, and nothing but a run and what they
    /// need to send again between two.
    private func efficiency(_ clients: Int, _ result: (answers: Int, nanoseconds: UInt64)) -> Double {
        let cycle = Double(LatencyGoalBatchingTests.runTime) + Double(clients) * 20_000 + 100_000
        return Double(result.answers) * cycle / (Double(clients) * Double(result.nanoseconds))
    }

    @Test func `the first of many waits for what the goal leaves over`() {
        var bench = Bench()
        // They come twice in the time of a run, whoever is answered.
        for _ in 0..<2_000 {
            _ = bench.pass(500_000)
            bench.enqueue()
        }
        let rows = bench.runs.suffix(10).reduce(0, +)
        #expect(rows >= 200, "of \(bench.runs.suffix(10))")
        #expect(bench.runs.suffix(10).allSatisfy { $0 <= 40 })
    }

    @Test func `requests that never meet are gathered too`() {
        var bench = Bench()
        for _ in 0..<2_000 {
            _ = bench.pass(3_000_000)
            bench.enqueue()
        }
        let mean = Double(bench.runs.suffix(100).reduce(0, +)) / 100
        #expect(mean >= 4, "\(bench.runs.suffix(100))")
    }

    @Test(arguments: [1, 2, 3, 8, 32], [20, 500] as [Int64])
    func `clients that wait for their answers aren't made to wait for each other`(clients: Int, goal: Int64) {
        var bench = Bench(goal: goal)
        let result = bench.closedLoop(clients: clients, runs: 1_000)
        let efficiency = efficiency(clients, result)
        #expect(efficiency >= 0.8, "\(efficiency) \(bench.runs.suffix(20))")
    }

    @Test(arguments: [20, 500] as [Int64])
    func `when most clients have gone, a few waits show it`(goal: Int64) {
        var bench = Bench(goal: goal)
        _ = bench.closedLoop(clients: 32, runs: 200)
        // All that is under way is answered, and only two send again.
        _ = bench.pass(1_000_000_000)
        let result = bench.closedLoop(clients: 2, runs: 500)
        let efficiency = efficiency(2, result)
        #expect(efficiency >= 0.75, "\(efficiency) \(bench.runs.suffix(20))")
    }

    @Test func `somebody who asks now and then doesn't slow the others down`() {
        var bench = Bench(goal: 100)
        let result = bench.closedLoop(clients: 3, runs: 1_000) { bench, round in
            if round.isMultiple(of: 400) { bench.enqueue(isClients: false) }
        }
        let efficiency = efficiency(3, result)
        #expect(efficiency >= 0.75, "\(efficiency)")
    }

    @Test func `one large request that is spread over instances is one request`() {
        var bench = Bench(instances: 4, goal: 100)
        let result = bench.closedLoop(clients: 3, runs: 1_000) { bench, round in
            if round.isMultiple(of: 400) { bench.enqueue(rows: 1_000, isClients: false) }
        }
        // Their own instances beside those of the large one: at least as fast as one would serve all.
        #expect(efficiency(3, result) >= 0.7, "\(efficiency(3, result)) \(bench.runs.suffix(20))")
    }

    @Test func `one alone doesn't wait for others that hardly ever come`() {
        var bench = Bench()
        for _ in 0..<100 {
            let runs = bench.runs.count
            bench.enqueue()
            #expect(bench.runs.count == runs + 1)
            _ = bench.pass(1_000_000_000)
        }
    }

    @Test func `the rest of a large request, which nobody can join, waits for nobody`() {
        var bench = Bench(instances: 2, goal: 100)
        _ = bench.closedLoop(clients: 8, runs: 200)
        _ = bench.pass(1_000_000_000)
        let runs = bench.runs.count
        let limit = bench.machine.limit(7)
        bench.enqueue(rows: 2 * limit + 1)
        _ = bench.pass(3 * LatencyGoalBatchingTests.runTime)
        #expect(bench.runs.dropFirst(runs).reduce(0, +) == 2 * limit + 1)
    }
}
