import ApusCore
import ApusEngine
import ApusTesting
import Testing

@testable import ApusScheduling

/// Ending experiments that take too long.
struct TrialWatchTests {
    private let signature = Model.pair

    @Test func `what is over isn't terminated, and nobody keeps its memory until the alarm`() throws {
        let time = ManualTime()
        let pool = try EngineThreadPool.stepped(time: time)
        var session: FakeSession? = FakeSession(signature: signature, time: time, compute: FakeRun.identity)
        var instance = try session?.makeInstance()
        weak let kept = instance
        let watch = TrialWatch(try #require(instance))
        watch.start(on: pool, until: time.now.advanced(byNanoseconds: 10_000_000_000))
        watch.end()
        (session, instance) = (nil, nil)
        #expect(kept == nil)
        watch.timePassed()
    }
}
