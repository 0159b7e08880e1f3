import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

struct AlarmTableTests {
    private final class Target: WakeTarget {
        func timePassed() {}
    }

    private func time(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    /// Wakes everybody up whose moment has come.
    private func ring(_ table: inout AlarmTable, now: Int64) -> [ObjectIdentifier] {
        var rung: [ObjectIdentifier] = []
        while case .rings(let target) = table.timePassed(now: time(now)) {
            if let target { rung.append(ObjectIdentifier(target)) }
        }
        return rung
    }

    @Test func `moments that keep getting earlier take the place of each other`() {
        var table = AlarmTable()
        let target = Target()
        for number in 0..<100_000 as Range<Int64> {
            let isFirst = table.set(target, at: time(1_000_000 - number))
            #expect(isFirst)
            #expect(table.count < 32)
        }
        #expect(ring(&table, now: 900_000) == [])
        #expect(ring(&table, now: 900_001) == [ObjectIdentifier(target)])
        #expect(ring(&table, now: 2_000_000) == [])
        #expect(table.count == 0)
    }

    @Test func `a later moment is the target's own to ask for when it has been woken up`() {
        var table = AlarmTable()
        let target = Target()
        #expect(table.set(target, at: time(5)) == true)
        #expect(table.set(target, at: time(9)) == false)
        #expect(ring(&table, now: 9) == [ObjectIdentifier(target)])
        #expect(table.set(target, at: time(9)) == true)
        #expect(ring(&table, now: 9) == [ObjectIdentifier(target)])
    }

    @Test func `a target that is gone has nothing to say for another at its address`() {
        var table = AlarmTable()
        for number in 0..<1_000 as Range<Int64> {
            // One after the other, mostly at one address; each wants a later moment than the one before.
            let target = Target()
            _ = table.set(target, at: time(10 + number))
            if number == 999 { #expect(ring(&table, now: 1_009) == [ObjectIdentifier(target)]) }
        }
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `each target is woken up at its earliest moment`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = AlarmTable()
        let targets = (0..<8).map { _ in Target() }
        var expected: [ObjectIdentifier: Int64] = [:]
        for now in 0..<5_000 as Range<Int64> {
            if let target = targets.randomElement(using: &random) {
                let moment = now + Int64.random(in: 1...60, using: &random)
                let id = ObjectIdentifier(target)
                _ = table.set(target, at: time(moment))
                expected[id] = min(expected[id] ?? .max, moment)
            }
            let due = Set(expected.filter { $0.value <= now }.keys)
            #expect(Set(ring(&table, now: now)) == due, "seed \(seed)")
            for id in due { expected[id] = nil }
            #expect(table.count <= 16 + 2 * 8 + 1)
        }
    }
}
