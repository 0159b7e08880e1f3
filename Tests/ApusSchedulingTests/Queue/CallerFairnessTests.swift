import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

/// Callers of one priority take turns, by rows.
struct CallerFairnessTests {
    private let now = MonotonicTime(nanoseconds: 1)

    private func entry(
        _ number: Int,
        of caller: String,
        rows: Int = 1,
        bucket: UInt64 = 0,
        weight: Double = 1
    ) -> QueueEntry<Int> {
        var entry = QueueEntry(
            request: number,
            level: 0,
            rows: rows,
            bucket: bucket,
            enqueued: now,
            deadline: nil
        )
        entry.caller = caller
        entry.weight = weight
        return entry
    }

    private func numbers(_ queue: inout RequestQueue<Int>, maxRows: Int) -> [Int] {
        queue.take(maxRows: maxRows, isOrdered: false).map(\.request)
    }

    @Test func `one who comes later waits for one request of the flooder, not for all`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<1000 { _ = queue.append(entry(number, of: "flooder")) }
        #expect(numbers(&queue, maxRows: 1) == [0])
        _ = queue.append(entry(5000, of: "polite"))
        #expect(Set(numbers(&queue, maxRows: 2)) == [1, 5000])
        #expect(numbers(&queue, maxRows: 2) == [2, 3])
        #expect(queue.count == 996)
    }

    @Test func `requests of one caller stay in their order`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<30 { _ = queue.append(entry(number, of: "c\(number % 3)")) }
        var taken: [Int] = []
        while !queue.isEmpty { taken += numbers(&queue, maxRows: 4) }
        #expect(taken.count == 30)
        for caller in 0..<3 {
            let own = taken.filter { $0 % 3 == caller }
            #expect(own == own.sorted())
        }
    }

    @Test func `the anonymous caller is served first come, first served`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<10 { _ = queue.append(entry(number, of: "")) }
        #expect(queue.levels[0].turns == nil)
        #expect(numbers(&queue, maxRows: 4) == [0, 1, 2, 3])
        #expect(numbers(&queue, maxRows: 10) == [4, 5, 6, 7, 8, 9])
    }

    @Test func `who sends large requests gets fewer of them`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<100 { _ = queue.append(entry(number, of: "large", rows: 10, bucket: 1)) }
        for number in 1000..<2000 { _ = queue.append(entry(number, of: "small")) }
        var rows = [0, 0]
        for _ in 0..<440 {
            for number in numbers(&queue, maxRows: 1) + [] { rows[number < 1000 ? 0 : 1] += 1 }
        }
        // Parts of a large request come row by row: both get half.
        #expect(abs(rows[0] - rows[1]) <= 11, "\(rows)")
    }

    @Test func `a weight of two brings twice the rows`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<1000 { _ = queue.append(entry(number, of: "a", weight: 2)) }
        for number in 1000..<2000 { _ = queue.append(entry(number, of: "b")) }
        var count = 0
        for _ in 0..<300 { count += numbers(&queue, maxRows: 1).count { $0 < 1000 } }
        #expect((199...201).contains(count))
    }

    @Test func `a batch joins requests of several callers, and only of one bucket`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<40 { _ = queue.append(entry(number, of: "c\(number % 4)", bucket: UInt64(number / 4 % 2))) }
        let first = numbers(&queue, maxRows: 100)
        #expect(Set(first) == Set((0..<40).filter { $0 / 4 % 2 == 0 }))
        #expect(numbers(&queue, maxRows: 100).count == 20)
        #expect(queue.isEmpty)
    }

    @Test func `what stands before a caller is an estimate of his own share`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        for number in 0..<1000 { _ = queue.append(entry(number, of: "flooder")) }
        #expect(queue.ahead(of: entry(0, of: "flooder").traits).rows == 1000)
        #expect(queue.ahead(of: entry(0, of: "polite").traits).rows == 1)
        _ = queue.append(entry(5000, of: "polite"))
        #expect(queue.ahead(of: entry(0, of: "polite").traits).rows == 3)
        #expect(queue.ahead(of: entry(0, of: "third").traits).rows == 2)
        #expect(queue.ahead(of: entry(0, of: "flooder").traits).rows == 1001)
    }

    @Test func `crowds of callers that come and go leave nothing behind`() {
        var queue = RequestQueue<Int>(rules: QueueRules())
        _ = queue.append(entry(0, of: "stays"))
        for number in 1...50_000 {
            let ticket = queue.append(entry(number, of: "c\(number)"))
            if let ticket { _ = queue.remove(ticket) }
            if number.isMultiple(of: 3) { _ = queue.first() }
        }
        #expect(queue.count == 1)
        #expect((queue.levels[0].turns?.flows.count ?? 0) < 5_000)
        #expect((queue.levels[0].turns?.marks ?? 0) < 5_000)
        #expect(numbers(&queue, maxRows: 8) == [0])
        #expect(queue.levels[0].turns == nil)
    }

    @Test func `callers who always have something waiting get equal rows, at any moment`() {
        let seed = UInt64.random(in: .min ... .max)
        print("CallerFairnessTests: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            let callers = Int.random(in: 2...20, using: &random)
            let weights = (0..<callers).map { _ in Double(Int.random(in: 1...4, using: &random)) }
            let maxRows = Int.random(in: 1...16, using: &random)
            var queue = RequestQueue<Int>(rules: QueueRules())
            var waiting = [Int](repeating: 0, count: callers)
            var served = [Double](repeating: 0, count: callers)
            var sizes: [Int: (caller: Int, rows: Int)] = [:]
            var next = 0
            for step in 0..<1500 {
                for caller in 0..<callers {
                    // Some flood, some have just enough.
                    while waiting[caller] < (caller == 0 ? 60 : maxRows + 1) {
                        let rows = Int.random(in: 1...maxRows, using: &random)
                        _ = queue.append(entry(next, of: "c\(caller)", rows: rows, weight: weights[caller]))
                        sizes[next] = (caller, rows)
                        waiting[caller] += 1
                        next += 1
                    }
                }
                for part in queue.take(maxRows: maxRows, isOrdered: false) {
                    guard let size = sizes.removeValue(forKey: part.request) else {
                        Issue.record("\(part.request) ran twice (seed \(seed), step \(step))")
                        return
                    }
                    waiting[size.caller] -= 1
                    served[size.caller] += Double(size.rows) / weights[size.caller]
                }
                let spread = (served.max() ?? 0) - (served.min() ?? 0)
                // The bound of start-time fair queueing: a request of the one and one of the other.
                guard spread <= Double(2 * maxRows) else {
                    Issue.record("\(served) are not equal (seed \(seed), step \(step))")
                    return
                }
            }
        }
    }
}
