import ApusCore
import ApusTesting

@testable import ApusScheduling

/// Drives a `BatchingStateMachine` with random events and keeps book of what it may do.
struct RandomSchedule {
    /// What the book says of a request that has not ended.
    struct Booked {
        var tickets: [RequestTicket] = []
        var rows: Int
        var bucket: UInt64
        var level: Int
        var caller: String
        var deadline: MonotonicTime?
        var isAlone: Bool
        /// Its place among all requests, where order is kept.
        var place: UInt64?
        /// Rows that runs have taken, the first time.
        var taken = 0
        /// Rows that wait to run once more.
        var retries: [Range<Int>] = []
        /// Rows that have been computed.
        var done = 0
        var deaths = 0

        /// Its places in the queue.
        var entries: Int { (taken < rows ? 1 : 0) + retries.count }
    }

    /// What happens besides requests that come and go.
    struct Trouble {
        /// Callers that requests come from.
        var callers = 1
        /// Of a hundred runs, how many are the end of their instance.
        var losses = 0
        /// Of a hundred requests, how many are the end of every instance that runs them.
        var deadly = 0
    }

    let rules: BatchingStateMachine<Int>.Rules
    let isJoining: Bool
    let trouble: Trouble
    var machine: BatchingStateMachine<Int>
    var random: SeededGenerator
    var now = MonotonicTime(nanoseconds: 1_000)
    var book: [Int: Booked] = [:]
    private var nextNumber = 0
    var posted: [Int] = []
    var running: [(instance: Int, bucket: UInt64, parts: [BatchPart<Int>])] = []
    var lost: Set<Int> = []
    var repairing: [Int] = []
    private var wakeAt: MonotonicTime?
    /// Highest number run so far, by level, bucket and caller, where order must be kept.
    private var lastRun: [String: Int] = [:]
    var order: AnswerOrder<Int>?
    /// The number answered last, where order is kept.
    var lastAnswer = -1
    var steps = 0
    var ran = 0
    var answered = 0
    var given = 0
    var fault: String?

    init(rules: BatchingStateMachine<Int>.Rules, isJoining: Bool, trouble: Trouble = Trouble(), seed: UInt64) {
        self.rules = rules
        self.isJoining = isJoining
        self.trouble = trouble
        self.machine = BatchingStateMachine(rules: rules, isJoining: isJoining)
        self.random = SeededGenerator(seed: seed)
        if rules.batching.preservesOrdering {
            let order = AnswerOrder<Int>()
            _ = machine.setStartLimit(order.startLimit, now: now)
            self.order = order
        }
    }

    mutating func step() {
        steps += 1
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3: arrive()
        case 4: withdraw()
        case 5: pass()
        case 6, 7: start()
        default: end(mayLose: true)
        }
        if !repairing.isEmpty, Int.random(in: 0..<4, using: &random) == 0 { repair(mayFail: true) }
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
            now = now.advanced(byNanoseconds: lost.isEmpty ? 100 : InstanceRepair.longestPause)
            wake()
            repair(mayFail: false)
            start()
            end(mayLose: false)
            check()
        }
        if fault == nil, !book.isEmpty { fault = "\(book.count) requests were left behind" }
        if fault == nil, let order, !order.isEmpty { fault = "answers were left behind" }
    }
}

extension RandomSchedule {
    private mutating func arrive() {
        // Long enough a queue; the book's own costs grow with it.
        guard book.count < 2_000 else { return }
        let number = nextNumber
        nextNumber += 1
        let level = Int.random(in: 0..<rules.queue.policies.count, using: &random)
        let rows = Int.random(in: 0..<12, using: &random) == 0 ? Int.random(in: 5...40, using: &random) : 1
        let isAlone = Int.random(in: 0..<8, using: &random) == 0
        // Requests of more rows than max_batch_size are refused, of more than the largest allowed size split.
        let largest = rules.batching.allowedSizes.sizes.isEmpty ? rules.batching.maxRows ?? rows : rows
        let bounded = isAlone ? 1 : min(rows, largest)
        let deadline =
            Int.random(in: 0..<4, using: &random) == 0
            ? now.advanced(byNanoseconds: Int64.random(in: 0...400, using: &random)) : nil
        let timeout = rules.queue.policies[level].timeout(asked: Int64.random(in: 0...300, using: &random))
        var entry = QueueEntry(
            request: number,
            level: level,
            rows: bounded,
            bucket: UInt64.random(in: 0..<3, using: &random),
            isAlone: isAlone,
            enqueued: now,
            deadline: deadline,
            timeout: timeout.map { now.advanced(byNanoseconds: $0) }
        )
        entry.caller = trouble.callers > 1 ? "c\(Int.random(in: 0..<trouble.callers, using: &random))" : ""
        entry.number = order?.next ?? 0
        switch machine.enqueue(entry, now: now) {
        case .waits(let ticket, let change):
            book[number] = Booked(
                tickets: [ticket],
                rows: bounded,
                bucket: entry.bucket,
                level: level,
                caller: entry.caller,
                deadline: deadline,
                isAlone: isAlone,
                place: order?.joined()
            )
            follow(change)
        case .isFull:
            let count = book.values.lazy.filter { $0.level == level }.map(\.entries).reduce(0, +)
            if count < rules.queue.policies[level].maxSize ?? .max { fault = "refused with only \(count) waiting" }
        case .isTooLate:
            if deadline == nil { fault = "too late without a deadline" }
        case .isGone:
            if lost.count < rules.instances { fault = "refused for want of instances with one left" }
        }
    }

    private mutating func withdraw() {
        guard let (number, booked) = book.randomElement(using: &random) else { return }
        leave(number)
        if booked.taken == 0, machine.withdraw(booked.tickets[0], now: now) != nil {
            fault = "withdrew \(number) twice"
        }
    }

    /// A request ends without an answer, wherever its rows are.
    mutating func leave(_ number: Int) {
        guard let booked = book.removeValue(forKey: number) else {
            fault = "\(number) ended twice"
            return
        }
        for ticket in booked.tickets {
            let taken = machine.withdraw(ticket, now: now)
            if let taken, taken != number { fault = "withdrew \(number), got \(taken)" }
        }
        guard let place = booked.place else { return }
        tell(order?.ended(place) ?? [])
    }

    private mutating func pass() {
        let isLong = !lost.isEmpty && Int.random(in: 0..<20, using: &random) == 0
        let step = isLong ? 2 * InstanceRepair.firstPause : Int64.random(in: 1...120, using: &random)
        now = now.advanced(byNanoseconds: step)
    }

    private mutating func wake() {
        wakeAt = nil
        let (expired, change) = machine.timePassed(now: now)
        expire(expired)
        follow(change)
    }

    private mutating func start() {
        guard !posted.isEmpty else { return }
        let instance = posted.removeFirst()
        let start = machine.instanceStarted(instance, now: now)
        expire(start.expired)
        if !start.parts.isEmpty { run(start.parts, on: instance) }
        follow(start.change)
    }

    /// Carries out what the machine says.
    mutating func follow(_ change: BatchingStateMachine<Int>.OnChange) {
        if let instance = change.instance {
            if posted.contains(instance) || lost.contains(instance)
                || running.contains(where: { $0.instance == instance })
            {
                fault = "instance \(instance) was given twice"
            }
            posted.append(instance)
        }
        if let instance = change.repair {
            if !lost.contains(instance) || repairing.contains(instance) { fault = "\(instance) is made twice" }
            repairing.append(instance)
        }
        if let moment = change.wakeAt { wakeAt = min(moment, wakeAt ?? moment) }
    }

    /// These were said to have waited too long.
    private mutating func expire(_ expired: [Int]) {
        // Some of its rows may wait to run once more: then it stands there twice.
        for number in Set(expired) {
            guard let booked = book[number] else {
                fault = "\(number) expired after it had left"
                return
            }
            let mayTimeOut = rules.queue.policies[booked.level].timeoutAction == .reject
            let isOver = booked.deadline.map { $0 <= now } ?? false
            if !isOver, !mayTimeOut || rules.queue.policies[booked.level].defaultTimeout == nil {
                fault = "\(number) expired too early"
            }
            leave(number)
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
            if let deadline = booked.deadline, deadline <= now { fault = "\(part.request) ran after its deadline" }
            if let index = booked.retries.firstIndex(of: part.rows) {
                booked.retries.remove(at: index)
                if parts.count > 1 { fault = "\(part.request) ran with others the second time" }
            } else {
                if booked.isAlone, parts.count > 1 { fault = "\(part.request) ran with others" }
                if part.rows.lowerBound != booked.taken { fault = "rows of \(part.request) out of order" }
                checkOrder(part.request, booked)
                rows += part.rows.count
                booked.taken = part.rows.upperBound
                if part.isLast != (booked.taken == booked.rows) { fault = "\(part.request) left with rows missing" }
            }
            book[part.request] = booked
        }
        if !isJoining, parts.count > 1 { fault = "requests were joined that must not be" }
        if let maxRows = rules.batching.maxRows, isJoining, rows > maxRows { fault = "\(rows) rows in one run" }
        running.append((instance, bucket ?? 0, parts))
    }

    /// Nobody overtakes within a caller's bucket of a level; nobody at all where order is asked for.
    private mutating func checkOrder(_ number: Int, _ booked: Booked) {
        guard rules.queue.policies[booked.level].timeoutAction == .reject else { return }
        let lane =
            rules.batching.preservesOrdering
            ? "\(booked.level)" : "\(booked.level) \(booked.bucket) \(booked.isAlone) \(booked.caller)"
        if let last = lastRun[lane], last > number { fault = "\(number) ran behind \(last)" }
        lastRun[lane] = number
    }

    private mutating func check() {
        if book.count < 64 || steps.isMultiple(of: 512) {
            let entries = book.values.reduce(0) { $0 + $1.entries }
            if machine.waiting != entries { fault = "\(machine.waiting) wait, \(entries) should" }
        }
        let isBusy = !posted.isEmpty || !running.isEmpty || lost.count == rules.instances
        let mayWait = isJoining && rules.batching.maxDelay > 0 && wakeAt != nil
        if machine.waiting > 0, !isBusy, !mayWait { fault = "somebody waits and every instance is idle" }
        if !lost.isEmpty, repairing.isEmpty, wakeAt == nil { fault = "a lost instance is forgotten" }
    }
}
