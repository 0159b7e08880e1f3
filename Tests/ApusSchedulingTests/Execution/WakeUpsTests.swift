import ApusCore
import ApusTesting
import Dispatch
import Testing

@testable import ApusScheduling

struct WakeUpsTests {
    private final class Target: WakeTarget {
        let woken = DispatchSemaphore(value: 0)

        func timePassed() { woken.signal() }
    }

    @Test func `who waits for a moment that has passed is woken at once`() throws {
        let time = ManualTime()
        let wakeUps = try WakeUps(time: time)
        let targets = (0..<3).map { _ in Target() }
        for target in targets { wakeUps.wake(target, at: time.now) }
        for target in targets { target.woken.wait() }
    }

    @Test func `an earlier moment overtakes a later one`() throws {
        let time = ManualTime()
        let wakeUps = try WakeUps(time: time)
        let late = Target()
        let early = Target()
        wakeUps.wake(late, at: time.now.advanced(byNanoseconds: 3_600_000_000_000))
        wakeUps.wake(early, at: time.now)
        early.woken.wait()
        #expect(late.woken.wait(timeout: .now()) == .timedOut)
    }

    @Test func `a target that is gone is passed over`() throws {
        let time = ManualTime()
        let wakeUps = try WakeUps(time: time)
        wakeUps.wake(Target(), at: time.now)
        let target = Target()
        wakeUps.wake(target, at: time.now)
        target.woken.wait()
    }
}
