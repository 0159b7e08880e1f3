import ApusCore
import Testing

@testable import ApusScheduling

struct QuarantineTests {
    private let start = MonotonicTime(nanoseconds: 5)

    @Test func `what is confined is held for ten minutes and no longer`() {
        var quarantine = Quarantine()
        quarantine.confine(7, now: start)
        #expect(quarantine.holds(7, now: start) == true)
        #expect(quarantine.holds(8, now: start) == false)
        let end = start.advanced(byNanoseconds: Quarantine.term)
        #expect(quarantine.holds(7, now: end.advanced(byNanoseconds: -1)) == true)
        #expect(quarantine.holds(7, now: end) == false)
        #expect(quarantine.count == 0)
    }

    @Test func `what is confined again is held from then on`() {
        var quarantine = Quarantine()
        quarantine.confine(7, now: start)
        let later = start.advanced(byNanoseconds: Quarantine.term / 2)
        quarantine.confine(7, now: later)
        #expect(quarantine.count == 1)
        #expect(quarantine.holds(7, now: start.advanced(byNanoseconds: Quarantine.term)) == true)
        #expect(quarantine.holds(7, now: later.advanced(byNanoseconds: Quarantine.term)) == false)
    }

    @Test func `with too many the oldest is forgotten`() {
        var quarantine = Quarantine()
        for hash in 0...Quarantine.capacity {
            quarantine.confine(hash, now: start.advanced(byNanoseconds: Int64(hash)))
        }
        #expect(quarantine.count == Quarantine.capacity)
        #expect(quarantine.holds(0, now: start) == false)
        #expect(quarantine.holds(1, now: start) == true)
        #expect(quarantine.holds(Quarantine.capacity, now: start) == true)
        for _ in 0..<10 * Quarantine.capacity { quarantine.confine(3, now: start) }
        #expect(quarantine.count == Quarantine.capacity)
        #expect(quarantine.holds(Quarantine.capacity, now: start) == true)
    }
}
