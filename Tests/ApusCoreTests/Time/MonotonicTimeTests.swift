import ApusCore
import Testing

struct MonotonicTimeTests {
    @Test func `time passed is never negative`() {
        let early = MonotonicTime(nanoseconds: 100)
        let late = MonotonicTime(nanoseconds: 350)
        #expect(late.nanoseconds(since: early) == 250)
        #expect(early.nanoseconds(since: late) == 0)
        #expect(early.nanoseconds(since: early) == 0)
        #expect(early < late)
    }

    @Test func `an hour after the end of time is the end of time`() {
        let last = MonotonicTime(nanoseconds: .max)
        let first = MonotonicTime(nanoseconds: .min)
        #expect(last.advanced(byNanoseconds: 1) == last)
        #expect(last.advanced(byNanoseconds: .max) == last)
        #expect(first.advanced(byNanoseconds: -1) == first)
        #expect(first.advanced(byNanoseconds: .min) == first)
        #expect(last.advanced(byNanoseconds: .min).nanoseconds == -1)
        #expect(MonotonicTime(nanoseconds: 5).advanced(byNanoseconds: -7).nanoseconds == -2)
    }

    @Test func `a deadline passes when its time has come`() {
        let deadline = Deadline(time: MonotonicTime(nanoseconds: 10))
        #expect(!deadline.hasPassed(at: MonotonicTime(nanoseconds: 9)))
        #expect(deadline.hasPassed(at: MonotonicTime(nanoseconds: 10)))
        #expect(!Deadline.none.hasPassed(at: MonotonicTime(nanoseconds: .max)))
    }

    @Test func `the system's clock doesn't go back`() {
        let clock = SystemTime()
        var last = clock.now
        for _ in 0..<1_000 {
            let now = clock.now
            #expect(now >= last)
            last = now
        }
    }
}
