import ApusCore
import Testing

@testable import ApusScheduling

/// When a run begins, step by step.
struct BatchingStateMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func entry(_ number: Int, now: MonotonicTime) -> QueueEntry<Int> {
        QueueEntry(
            request: number,
            level: 0,
            rows: 1,
            bucket: 7,
            isAlone: false,
            enqueued: now,
            deadline: nil,
            timeout: nil
        )
    }

    /// A machine with two instances that has learnt what rows cost, alone and in a run of eight.
    private func machine(aloneNanoseconds: UInt64, runNanoseconds: UInt64) -> BatchingStateMachine<Int> {
        var rules = BatchingStateMachine<Int>.Rules()
        rules.instances = 2
        var machine = BatchingStateMachine<Int>(rules: rules, isJoining: true)
        for rows in [1, 2, 4, 8] {
            for _ in 0..<4 {
                guard let instance = machine.takeIdleInstance() else { continue }
                // A run costs the same up to eight rows: that is the size to fill.
                let cost = rows == 1 ? aloneNanoseconds : runNanoseconds
                _ = machine.runEnded(instance: instance, bucket: 7, rows: rows, nanoseconds: cost, now: start)
            }
        }
        return machine
    }

    /// Whether a second run begins for one request while a first is under way.
    private func startsSecond(_ machine: inout BatchingStateMachine<Int>) -> (Bool, MonotonicTime?) {
        guard case .waits(_, let first) = machine.enqueue(entry(1, now: start), now: start),
            let instance = first.instance
        else { return (false, nil) }
        _ = machine.instanceStarted(instance, now: start)
        guard case .waits(_, let second) = machine.enqueue(entry(2, now: start), now: start) else {
            return (false, nil)
        }
        return (second.instance != nil, second.wakeAt)
    }

    @Test func `what was learnt is shown with the size that is taken now`() {
        var machine = machine(aloneNanoseconds: 80_000, runNanoseconds: 80_000)
        let learnt = machine.learnt
        #expect(learnt.curve.map(\.rows) == [1, 2, 4, 8])
        #expect(learnt.curve.map(\.rowNanoseconds) == [80_000, 40_000, 20_000, 10_000])
        #expect(learnt.limit == machine.limit(7) && learnt.limit > 1)
        machine.setJoining(false)
        let alone = machine.learnt.limit
        #expect(alone == 1)
        let nothing = BatchingStateMachine<Int>(rules: .init(), isJoining: true).learnt
        #expect(nothing.curve.isEmpty && nothing.limit == CostCurve().limit)
    }

    @Test func `few rows wait for a short run under way when company is cheaper`() {
        var machine = machine(aloneNanoseconds: 80_000, runNanoseconds: 80_000)
        let (starts, wakeAt) = startsSecond(&machine)
        #expect(!starts)
        // Should the short run turn out long, they don't wait for it.
        let patience = start.advanced(byNanoseconds: 5_000_000)
        #expect(wakeAt == patience)
        let (expired, change) = machine.timePassed(now: patience)
        #expect(expired.isEmpty)
        #expect(change.instance != nil)
    }

    @Test func `who waited for a run takes the next one together`() {
        var machine = machine(aloneNanoseconds: 80_000, runNanoseconds: 80_000)
        _ = startsSecond(&machine)
        _ = machine.enqueue(entry(3, now: start), now: start)
        let change = machine.runEnded(instance: 0, bucket: 7, rows: 1, nanoseconds: 80_000, now: start)
        let instance = change.instance ?? machine.timePassed(now: start).1.instance
        #expect(instance != nil)
        if let instance {
            let parts = machine.instanceStarted(instance, now: start).parts
            #expect(parts.map(\.request) == [2, 3])
        }
    }

    @Test func `rows that fill a run of their own don't wait`() {
        var machine = machine(aloneNanoseconds: 80_000, runNanoseconds: 80_000)
        _ = startsSecond(&machine)
        var begun = 0
        for number in 3..<40 {
            if case .waits(_, let change) = machine.enqueue(entry(number, now: start), now: start),
                change.instance != nil
            {
                begun += 1
            }
        }
        #expect(begun == 1)
    }

    @Test func `a second run begins at once where company saves nothing`() {
        var machine = machine(aloneNanoseconds: 80_000, runNanoseconds: 400_000)
        #expect(startsSecond(&machine).0)
    }

    @Test func `a second run begins at once where runs are long`() {
        var machine = machine(aloneNanoseconds: 8_000_000, runNanoseconds: 8_000_000)
        #expect(startsSecond(&machine).0)
    }
}

/// What the machine is told by chance or by malice.
struct BatchingStateMachineEdgeTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    private func entry(rows: Int = 1, bucket: UInt64 = 7, deadline: Int64? = nil) -> QueueEntry<Int> {
        QueueEntry(
            request: 1,
            level: 0,
            rows: rows,
            bucket: bucket,
            isAlone: false,
            enqueued: start,
            deadline: deadline.map { start.advanced(byNanoseconds: $0) },
            timeout: nil
        )
    }

    @Test(arguments: [false, true])
    func `costs and rows beyond all measure are too late, not the end of the process`(_ isJoining: Bool) {
        var machine = BatchingStateMachine<Int>(rules: .init(), isJoining: isJoining)
        _ = machine.takeIdleInstance()
        _ = machine.runEnded(instance: 0, bucket: 7, rows: 1, nanoseconds: .max, now: start)
        _ = machine.takeIdleInstance()
        for _ in 0..<2_000 { _ = machine.enqueue(entry(rows: 1 << 20), now: start) }
        guard case .isTooLate(let wait) = machine.enqueue(entry(rows: 1 << 20, deadline: 1_000), now: start) else {
            Issue.record("It was taken in.")
            return
        }
        #expect(wait >= 1_000_000_000_000_000)
    }

    /// A machine whose one instance takes a millisecond a run, with runs that end later than that by a delay.
    private func lateMachine(by delay: Int64) -> BatchingStateMachine<Int> {
        var machine = BatchingStateMachine<Int>(rules: .init())
        _ = machine.takeIdleInstance()
        _ = machine.runEnded(instance: 0, bucket: 7, rows: 1, nanoseconds: 1_000_000, now: start)
        for _ in 0..<50 {
            _ = machine.enqueue(entry(rows: 1, deadline: 1_000_000_000), now: start)
            _ = machine.instanceStarted(0, now: start)
            let end = start.advanced(byNanoseconds: 1_000_000 + delay)
            _ = machine.runEnded(instance: 0, bucket: 7, rows: 1, nanoseconds: 1_000_000, now: end)
        }
        return machine
    }

    @Test func `runs that end later than expected let fewer in`() {
        for (delay, isTakenIn) in [(Int64(0), true), (9_000_000, false)] {
            var machine = lateMachine(by: delay)
            let now = start.advanced(byNanoseconds: 1_000_000 + delay)
            var request = entry(rows: 1, deadline: 1_000_000 + delay + 5_000_000)
            request.delivery = 1_000
            let outcome = machine.enqueue(request, now: now)
            if case .waits = outcome { #expect(isTakenIn) } else { #expect(!isTakenIn) }
        }
    }

    @Test func `a bad moment doesn't keep requests away for ever`() {
        var machine = lateMachine(by: 900_000_000)
        let later = start.advanced(byNanoseconds: 2_000_000_000)
        let outcome = machine.enqueue(entry(rows: 1, deadline: 2_005_000_000), now: later)
        guard case .waits = outcome else {
            Issue.record("It was refused.")
            return
        }
    }

    @Test func `an answer that needs long to leave is asked for in time or not at all`() {
        var machine = lateMachine(by: 0)
        var request = entry(rows: 1, deadline: 5_000_000)
        request.delivery = 6_000_000
        guard case .isTooLate(let needed) = machine.enqueue(request, now: start) else {
            Issue.record("It was taken in.")
            return
        }
        #expect(needed >= 6_000_000)
    }

    @Test(arguments: [
        // Nanoseconds left until the deadline, and the most that may be needed of them.
        (0, 0), (3, 3), (5_000_000, 5_000_000), (8_000_000, 5_000_000), (10_000_000, 5_000_000),
        (20_000_000, 15_000_000),
        (60_000_000_000, 59_995_000_000),
    ])
    func `what is left beyond 5 ms, up to 5 ms of it, is kept back for what can't be seen`(
        _ left: Int64,
        _ most: UInt64
    ) {
        let machine = lateMachine(by: 0)
        let deadline = start.advanced(byNanoseconds: left)
        #expect(machine.isInTime(deadline, needing: most, now: start))
        #expect(!machine.isInTime(deadline, needing: most + 1, now: start))
    }

    @Test func `no promise is made behind a deadline`() {
        let machine = lateMachine(by: 0)
        #expect(!machine.isInTime(start, needing: 0, now: start.advanced(byNanoseconds: 1)))
    }

    @Test func `what a request would need goes up and down with what waits`() {
        var machine = lateMachine(by: 0)
        let traits = entry(rows: 1).traits
        let idle = machine.neededTime(traits, now: start)
        _ = machine.takeIdleInstance()
        var tickets: [RequestTicket] = []
        for _ in 0..<5 {
            if case .waits(let ticket, _) = machine.enqueue(entry(rows: 1), now: start) { tickets.append(ticket) }
        }
        let busy = machine.neededTime(traits, now: start)
        #expect(busy - idle == 6_000_000)
        for ticket in tickets { _ = machine.withdraw(ticket, now: start) }
        let empty = machine.neededTime(traits, now: start)
        #expect(empty - idle == 1_000_000)
    }

    @Test func `what a request would need goes by its own caller's share`() {
        var machine = lateMachine(by: 0)
        _ = machine.takeIdleInstance()
        var traits = entry(rows: 1).traits
        for _ in 0..<8 {
            var flood = entry(rows: 1)
            flood.caller = "flooder"
            _ = machine.enqueue(flood, now: start)
        }
        traits.caller = "flooder"
        let flooder = machine.neededTime(traits, now: start)
        traits.caller = "polite"
        let polite = machine.neededTime(traits, now: start)
        #expect(flooder - polite == 7_000_000)
    }

    @Test func `one that expired in the queue tells as much as one that ran`() {
        var machine = lateMachine(by: 0)
        let before = isRefused(&machine, at: start.advanced(byNanoseconds: 2_000_000))
        #expect(!before)
        let long = start.advanced(byNanoseconds: 30_000_000)
        for _ in 0..<20 {
            _ = machine.enqueue(entry(rows: 1, deadline: 29_000_000), now: start.advanced(byNanoseconds: 2_000_000))
        }
        _ = machine.timePassed(now: long)
        let after = isRefused(&machine, at: long)
        #expect(after)
    }

    /// Whether a request that has five milliseconds is too late.
    private func isRefused(_ machine: inout BatchingStateMachine<Int>, at now: MonotonicTime) -> Bool {
        let deadline = Int64(now.nanoseconds(since: start)) + 5_000_000
        if case .isTooLate = machine.enqueue(entry(rows: 1, deadline: deadline), now: now) { return true }
        return false
    }

    @Test func `whoever waits for company keeps nobody waiting who can't be company`() {
        var rules = BatchingStateMachine<Int>.Rules()
        rules.batching.maxDelay = 100_000_000
        rules.batching.preferredSizes = [8]
        rules.batching.maxRows = 8
        var machine = BatchingStateMachine<Int>(rules: rules, isJoining: true)
        guard case .waits(_, let first) = machine.enqueue(entry(bucket: 1), now: start) else { return }
        #expect(first.instance == nil)
        guard case .waits(_, let second) = machine.enqueue(entry(bucket: 2), now: start) else { return }
        #expect(second.instance != nil)
    }

    @Test func `a queue that nobody has bounded has a bound`() {
        var machine = BatchingStateMachine<Int>(rules: .init())
        _ = machine.takeIdleInstance()
        for _ in 0..<QueuePolicy.unwrittenMaxSize { _ = machine.enqueue(entry(), now: start) }
        guard case .isFull = machine.enqueue(entry(), now: start) else {
            Issue.record("It was taken in.")
            return
        }
    }

    @Test func `of many shapes those that were not run for longest are forgotten`() {
        var machine = BatchingStateMachine<Int>(rules: .init())
        for bucket in 0..<1_000 as Range<UInt64> {
            for known in [bucket, 3] {
                _ = machine.takeIdleInstance()
                _ = machine.runEnded(instance: 0, bucket: known, rows: 1, nanoseconds: 1_000, now: start)
            }
        }
        #expect(machine.curve(of: 3) != nil)
        #expect(machine.curve(of: 999) != nil)
        #expect(machine.curve(of: 4) == nil)
    }
}
