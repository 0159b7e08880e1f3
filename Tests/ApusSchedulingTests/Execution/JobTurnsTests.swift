import ApusTesting
import Testing

@testable import ApusScheduling

struct JobTurnsTests {
    /// Something to take the identity of.
    private final class Token {}

    private let tokens = (0..<4).map { _ in Token() }

    private func model(_ index: Int) -> ObjectIdentifier { ObjectIdentifier(tokens[index]) }

    @Test func `jobs of one model run in their order`() {
        var turns = JobTurns<Int>()
        for job in 0..<5 { turns.append(job, of: model(0), priority: .normal) }
        var taken: [Int] = []
        while let job = turns.next() { taken.append(job) }
        #expect(taken == [0, 1, 2, 3, 4])
    }

    @Test func `a flooded model doesn't keep another from its turn`() {
        var turns = JobTurns<Int>()
        for job in 0..<100 { turns.append(job, of: model(0), priority: .normal) }
        turns.append(1000, of: model(1), priority: .normal)
        turns.append(1001, of: model(1), priority: .normal)
        let taken = (0..<5).compactMap { _ in turns.next() }
        #expect(taken == [0, 1000, 1, 1001, 2])
    }

    @Test func `a higher priority comes first`() {
        var turns = JobTurns<Int>()
        turns.append(2, of: model(0), priority: .low)
        turns.append(1, of: model(1), priority: .normal)
        turns.append(0, of: model(2), priority: .high)
        let taken = (0..<4).map { _ in turns.next() }
        #expect(taken == [0, 1, 2, nil])
    }

    @Test func `no priority waits for ever`() {
        var turns = JobTurns<String>()
        for _ in 0..<4 {
            turns.append("normal", of: model(1), priority: .normal)
            turns.append("low", of: model(2), priority: .low)
        }
        var counts: [String: Int] = [:]
        for _ in 0..<76 {
            // There is always another one of the highest.
            turns.append("high", of: model(0), priority: .high)
            counts[turns.next() ?? "none", default: 0] += 1
        }
        #expect(counts["normal"] == 4)
        #expect(counts["low"] == 4)
        #expect(counts["high"] == 68)
    }

    @Test func `random jobs run once each, and between models no one is more than a turn ahead`() {
        let seed = UInt64.random(in: .min ... .max)
        print("JobTurnsTests: seed \(seed)")
        var random = SeededGenerator(seed: seed)
        var turns = JobTurns<Int>()
        var waiting: [Int: Int] = [:]
        for job in 0..<2000 {
            let owner = Int.random(in: 0..<4, using: &random)
            waiting[job] = owner
            turns.append(job, of: model(owner), priority: .normal)
        }
        var served = [Int](repeating: 0, count: 4)
        while let job = turns.next() {
            guard let owner = waiting.removeValue(forKey: job) else {
                Issue.record("\(job) ran twice (seed \(seed))")
                return
            }
            served[owner] += 1
            let left = Set(waiting.values)
            let spread = left.map { served[$0] }
            #expect((spread.max() ?? 0) - (spread.min() ?? 0) <= 1, "seed \(seed)")
        }
        #expect(waiting.isEmpty)
    }
}
