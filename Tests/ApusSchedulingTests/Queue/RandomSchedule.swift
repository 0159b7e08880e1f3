import ApusCore
import ApusTesting

@testable import ApusScheduling

/// Drives a `BatchingStateMachine` with random events and keeps book of what it may do.
struct RandomSchedule {
    private struct Booked {
        var ticket: RequestTicket?
        var rows: Int
        var bucket: UInt64
        var level: Int
        var deadline: MonotonicTime?
        var isAlone: Bool
        var taken = 0
    }

    private let rules: BatchingStateMachine<Int>.Rules
    private let isJoining: Bool
    private var machine: BatchingStateMachine<Int>
    private var random: SeededGenerator
    private var now = MonotonicTime(nanoseconds: 1_000)
    private var book: [Int: Booked] = [:]
    private var nextNumber = 0
    private var posted: [Int] = []
    private var running: [(instance: Int, bucket: UInt64, rows: Int)] = []
    private var wakeAt: MonotonicTime?
    /// Highest number run so far, by level and bucket, where order must be kept.
    private var lastRun: [Int: Int] = [:]
    private(set) var steps = 0
    private(set) var ran = 0
    private(set) var fault: String?

    init(rules: BatchingStateMachine<Int>.Rules, isJoining: Bool, seed: UInt64) {
        self.rules = rules
        self.isJoining = isJoining
        self.machine = BatchingStateMachine(rules: rules, isJoining: isJoining)
        self.random = SeededGenerator(seed: seed)
    }

    mutating func step() {
        steps += 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3: arrive()
        case 4: withdraw()
        case 5: pass(nanoseconds: Int64.random(in: 1...120, using: &random))
        case 6, 7: start()
        default: end()
        }
        if let wakeAt, wakeAt <= now { wake() }
        check()
    }

    /// Lets everything run out: nobody may be left behind.
    mutating func finish() {
        var rounds = 0
        // A schedule that brings more than its instances take has made a long queue.
        let limit = 1000 + 4 * book.count
        while !book.isEmpty, rounds < limit, fault == nil {
            rounds += 1
            pass(nanoseconds: 100)
            wake()
            start()
            end()
            check()
        }
        if fault == nil, !book.isEmpty { fault = "\(book.count) requests were left behind" }
    }
}

extension RandomSchedule {
    private mutating func arrive() {
        let number = nextNumber
        nextNumber += 1
        let level = Int.random(in: 0..<rules.queue.policies.count, using: &random)
        let rows = Int.random(in: 0..<12, using: &random) == 0 ? Int.random(in: 5...40, using: &random) : 1
        let isAlone = Int.random(in: 0..<8, using: &random) == 0
        let bounded = isAlone ? 1 : min(rows, rules.batching.maxRows ?? rows)
        let deadline =
            Int.random(in: 0..<4, using: &random) == 0
            ? now.advanced(byNanoseconds: Int64.random(in: 0...400, using: &random)) : nil
        let timeout = rules.queue.policies[level].timeout(asked: Int64.random(in: 0...300, using: &random))
        let entry = QueueEntry(
            request: number,
            level: level,
            rows: bounded,
            bucket: UInt64.random(in: 0..<3, using: &random),
            isAlone: isAlone,
            enqueued: now,
            deadline: deadline,
            timeout: timeout.map { now.advanced(byNanoseconds: $0) }
        )
        switch machine.enqueue(entry, now: now) {
        case .waits(let ticket, let change):
            book[number] = Booked(
                ticket: ticket,
                rows: bounded,
                bucket: entry.bucket,
                level: level,
                deadline: deadline,
                isAlone: isAlone
            )
            follow(change)
        case .isFull:
            let count = book.values.count { $0.level == level && $0.ticket != nil }
            if count < rules.queue.policies[level].maxSize ?? .max { fault = "refused with only \(count) waiting" }
        case .isTooLate:
            if deadline == nil { fault = "too late without a deadline" }
        case .isGone:
            fault = "refused for want of instances, and none was lost"
        }
    }

    private mutating func withdraw() {
        guard let (number, booked) = book.randomElement(using: &random), let ticket = booked.ticket else { return }
        let taken = machine.withdraw(ticket)
        if taken != number { fault = "withdrew \(number), got \(String(describing: taken))" }
        book[number] = nil
        if machine.withdraw(ticket) != nil { fault = "withdrew \(number) twice" }
    }

    private mutating func pass(nanoseconds: Int64) {
        now = now.advanced(byNanoseconds: nanoseconds)
    }

    private mutating func wake() {
        let (expired, change) = machine.timePassed(now: now)
        leave(expired)
        follow(change)
    }

    private mutating func start() {
        guard !posted.isEmpty else { return }
        let instance = posted.removeFirst()
        let start = machine.instanceStarted(instance, now: now)
        leave(start.expired)
        if !start.parts.isEmpty { run(start.parts, on: instance) }
        follow(start.change)
    }

    private mutating func end() {
        guard let index = running.indices.randomElement(using: &random) else { return }
        let run = running.remove(at: index)
        let cost = UInt64(20 + 10 * min(run.rows, 8) + 30 * max(0, run.rows - 8))
        follow(
            machine.runEnded(instance: run.instance, bucket: run.bucket, rows: run.rows, nanoseconds: cost, now: now)
        )
    }

    private mutating func follow(_ change: BatchingStateMachine<Int>.OnChange) {
        if let instance = change.instance {
            if posted.contains(instance) || running.contains(where: { $0.instance == instance }) {
                fault = "instance \(instance) was given twice"
            }
            posted.append(instance)
        }
        wakeAt = change.wakeAt
    }

    /// These were said to have waited too long.
    private mutating func leave(_ expired: [Int]) {
        for number in expired {
            guard let booked = book.removeValue(forKey: number) else {
                fault = "\(number) expired after it had left"
                return
            }
            let mayTimeOut = rules.queue.policies[booked.level].timeoutAction == .reject
            let isOver = booked.deadline.map { $0 <= now } ?? false
            if !isOver, !mayTimeOut || rules.queue.policies[booked.level].defaultTimeout == nil {
                fault = "\(number) expired too early"
            }
        }
    }

    private mutating func run(_ parts: [BatchPart<Int>], on instance: Int) {
        var rows = 0
        var bucket: UInt64?
        for part in parts {
            guard var booked = book[part.request] else {
                fault = "\(part.request) ran after it had left"
                return
            }
            ran += 1
            if bucket != nil, bucket != booked.bucket { fault = "two buckets in one run" }
            bucket = booked.bucket
            if booked.isAlone, parts.count > 1 { fault = "\(part.request) ran with others" }
            if part.rows.lowerBound != booked.taken { fault = "rows of \(part.request) out of order" }
            if let deadline = booked.deadline, deadline <= now { fault = "\(part.request) ran after its deadline" }
            checkOrder(part.request, booked)
            rows += part.rows.count
            booked.taken = part.rows.upperBound
            if part.isLast != (booked.taken == booked.rows) { fault = "\(part.request) left with rows missing" }
            book[part.request] = part.isLast ? nil : booked
        }
        if !isJoining, parts.count > 1 { fault = "requests were joined that must not be" }
        if let maxRows = rules.batching.maxRows, isJoining, rows > maxRows { fault = "\(rows) rows in one run" }
        running.append((instance, bucket ?? 0, rows))
    }

    /// Nobody overtakes within a bucket of a level; nobody at all where order is asked for.
    private mutating func checkOrder(_ number: Int, _ booked: Booked) {
        guard rules.queue.policies[booked.level].timeoutAction == .reject else { return }
        let lane =
            rules.batching.preservesOrdering
            ? booked.level : booked.level * 100 + Int(booked.bucket) + (booked.isAlone ? 50 : 0)
        if let last = lastRun[lane], last > number { fault = "\(number) ran behind \(last)" }
        lastRun[lane] = number
    }

    private mutating func check() {
        if machine.waiting != book.count { fault = "\(machine.waiting) wait, \(book.count) should" }
        let isBusy = !posted.isEmpty || !running.isEmpty
        let mayWait = isJoining && rules.batching.maxDelay > 0 && wakeAt != nil
        if machine.waiting > 0, !isBusy, !mayWait { fault = "somebody waits and every instance is idle" }
    }
}
