import ApusCore
import Testing

@testable import ApusScheduling

struct InstanceRepairTests {
    private var now = MonotonicTime(nanoseconds: 1_000)

    @Test mutating func `a lost instance is made at once, by one thread`() {
        var repair = InstanceRepair(instances: 2)
        #expect(repair.isWell)
        #expect(repair.takeDue(now: now) == nil)
        repair.lost(1, now: now)
        #expect(repair.alive == 1)
        #expect(!repair.isWell)
        #expect(repair.nextMoment == now)
        #expect(repair.takeDue(now: now) == 1)
        #expect(repair.takeDue(now: now) == nil)
        #expect(repair.nextMoment == nil)
        repair.made(1)
        #expect(repair.alive == 2)
        repair.ran(1)
        #expect(repair.isWell)
    }

    @Test mutating func `the pause doubles up to a limit while making fails`() {
        var repair = InstanceRepair(instances: 1)
        repair.lost(0, now: now)
        var pause = InstanceRepair.firstPause
        for _ in 0..<40 {
            #expect(repair.takeDue(now: now) == 0)
            repair.failed(0, now: now)
            #expect(repair.isHopeless)
            #expect(repair.takeDue(now: now.advanced(byNanoseconds: pause - 1)) == nil)
            now = now.advanced(byNanoseconds: pause)
            #expect(repair.nextMoment == now)
            pause = min(pause * 2, InstanceRepair.longestPause)
        }
        #expect(repair.takeDue(now: now) == 0)
        repair.made(0)
        #expect(!repair.isHopeless)
    }

    @Test mutating func `an instance that is lost before it has run anything is made later and later`() {
        var repair = InstanceRepair(instances: 1)
        repair.lost(0, now: now)
        #expect(repair.takeDue(now: now) == 0)
        repair.made(0)
        repair.lost(0, now: now)
        #expect(repair.takeDue(now: now) == nil)
        now = now.advanced(byNanoseconds: InstanceRepair.firstPause)
        #expect(repair.takeDue(now: now) == 0)
        repair.made(0)
        repair.ran(0)
        repair.lost(0, now: now)
        #expect(repair.takeDue(now: now) == 0)
    }

    @Test mutating func `a model with an instance left is not without hope`() {
        var repair = InstanceRepair(instances: 2)
        repair.lost(0, now: now)
        #expect(repair.takeDue(now: now) == 0)
        repair.failed(0, now: now)
        #expect(!repair.isHopeless)
        repair.lost(1, now: now)
        #expect(!repair.isHopeless)
        #expect(repair.takeDue(now: now) == 1)
        repair.failed(1, now: now)
        #expect(repair.isHopeless)
    }
}
