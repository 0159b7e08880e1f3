import ApusCore
import ApusTesting

@testable import ApusScheduling

/// How runs end, and what becomes of instances.
extension RandomSchedule {
    mutating func end(mayLose: Bool) {
        guard let index = running.indices.randomElement(using: &random) else { return }
        let run = running.remove(at: index)
        let holdsDeadly = run.parts.contains { isDeadly($0.request) }
        let isLost = holdsDeadly || mayLose && Int.random(in: 0..<100, using: &random) < trouble.losses
        if isLost { lose(run.parts) } else { complete(run.parts) }
        if isLost { lost.insert(run.instance) }
        let rows = run.parts.reduce(0) { $0 + $1.rows.count }
        let cost = UInt64(20 + 10 * min(rows, 8) + 30 * max(0, rows - 8))
        follow(
            machine.runEnded(
                instance: run.instance,
                bucket: run.bucket,
                rows: isLost ? 0 : rows,
                nanoseconds: isLost ? nil : cost,
                isLost: isLost,
                now: now
            )
        )
    }

    /// Some requests kill whatever runs them.
    private func isDeadly(_ number: Int) -> Bool {
        trouble.deadly > 0 && number % 100 < trouble.deadly
    }

    private mutating func complete(_ parts: [BatchPart<Int>]) {
        for part in parts {
            guard var booked = book[part.request] else { continue }
            booked.done += part.rows.count
            if booked.done > booked.rows { fault = "rows of \(part.request) were computed twice" }
            book[part.request] = booked
            guard booked.done == booked.rows else { continue }
            book[part.request] = nil
            answered += 1
            if let place = booked.place { tell(order?.answered(place, part.request) ?? []) }
        }
    }

    /// As `Scheduler.lose`: each runs once more alone, and who has seen two deaths is given up.
    private mutating func lose(_ parts: [BatchPart<Int>]) {
        for part in parts {
            guard var booked = book[part.request] else { continue }
            booked.deaths += 1
            book[part.request] = booked
            guard booked.deaths < Scheduler.maxDeaths else {
                given += 1
                leave(part.request)
                continue
            }
            var entry = QueueEntry(
                request: part.request,
                level: booked.level,
                rows: part.rows.upperBound,
                bucket: booked.bucket,
                isAlone: booked.isAlone,
                enqueued: now,
                deadline: booked.deadline
            )
            entry.takenRows = part.rows.lowerBound
            entry.isRetry = true
            guard let (ticket, change) = machine.takeBack(entry, now: now) else {
                leave(part.request)
                continue
            }
            book[part.request]?.tickets.append(ticket)
            book[part.request]?.retries.append(part.rows)
            follow(change)
        }
    }

    /// A lost instance is made anew, or not.
    mutating func repair(mayFail: Bool) {
        guard !repairing.isEmpty else { return }
        let instance = repairing.removeFirst()
        guard mayFail, Int.random(in: 0..<3, using: &random) == 0 else {
            lost.remove(instance)
            follow(machine.instanceMade(instance, now: now))
            return
        }
        let (gone, change) = machine.instanceNotMade(instance, now: now)
        if !gone.isEmpty, lost.count < rules.instances { fault = "requests were given up with an instance left" }
        for number in Set(gone) {
            // All its entries have left the queue, and its runs are called back.
            book[number]?.retries = []
            leave(number)
        }
        follow(change)
    }

    /// Answers leave, and in the right order.
    mutating func tell(_ numbers: [Int]) {
        var ready = numbers
        while !ready.isEmpty {
            for number in ready {
                if number <= lastAnswer { fault = "\(number) was answered behind \(lastAnswer)" }
                lastAnswer = number
            }
            ready = order?.delivered() ?? []
        }
        guard let limit = order?.startLimit else { return }
        follow(machine.setStartLimit(limit, now: now))
    }
}
