import ApusCore
import ApusTesting
import Dispatch
import Synchronization
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

    /// A ring that came for what is no more must not cost a scheduler the alarm that it needs.
    @Test func `a scheduler that is woken up too early is woken up again`() async throws {
        let bench = try Bench(threads: 1)
        bench.session.gate.close()
        let busy = bench.pooledSink()
        bench.submit(bench.request(), to: busy)
        await bench.session.gate.arrived(1)
        let waiting = bench.pooledSink()
        let deadline = bench.time.now.advanced(byNanoseconds: 50_000_000)
        bench.submit(bench.request(deadline: deadline), to: waiting)
        #expect(bench.scheduler.alarm.load(ordering: .acquiring) == deadline.nanoseconds)
        bench.pool.wake(bench.scheduler, at: bench.time.now)
        // The earlier moment has taken the place of the deadline's, which has to be asked for again.
        let rings = Target()
        bench.pool.wake(rings, at: bench.time.now.advanced(byNanoseconds: 1))
        bench.time.advance(byNanoseconds: 1)
        rings.woken.wait()
        bench.time.advance(byNanoseconds: 50_000_000)
        bench.pool.wake(rings, at: bench.time.now)
        #expect(await waiting.outcome().error?.message.hasSuffix("Request timeout expired") == true)
        bench.session.gate.open()
        _ = await busy.outcome()
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
