import ApusEngine
import Testing

@testable import ApusScheduling

struct ThreadChoiceTests {
    /// One that has seen so many runs of such a length.
    private func choice(runs: Int = ThreadChoice.neededRuns, of nanoseconds: UInt64) -> ThreadChoice {
        var choice = ThreadChoice(isOpen: true)
        for _ in 0..<runs { choice.ran(nanoseconds: nanoseconds) }
        return choice
    }

    @Test func `without a choice nothing is tried or said`() {
        var closed = ThreadChoice(isOpen: false)
        for _ in 0..<100 { closed.ran(nanoseconds: 100_000) }
        #expect(closed.beginTrial() == nil)
        #expect(closed.note.isEmpty)
    }

    @Test func `a trial waits for enough runs and comes once`() {
        var few = choice(runs: ThreadChoice.neededRuns - 1, of: 100_000)
        #expect(few.beginTrial() == nil)
        few.ran(nanoseconds: 100_000)
        #expect(few.beginTrial() == .caller)
        #expect(few.beginTrial() == nil)
    }

    @Test(arguments: [19_000, 1_100_000, 50_000_000])
    func `runs too tiny to be divided or long enough to gain keep the shared threads`(_ nanoseconds: UInt64) {
        var choice = choice(of: nanoseconds)
        #expect(choice.beginTrial() == nil)
        #expect(choice.use == .shared)
        #expect(choice.note.hasPrefix("the engine's shared threads: a run takes"))
    }

    @Test func `a short run stays on its thread although it would be over sooner with all`() {
        var choice = choice(of: 50_000)
        #expect(choice.beginTrial() == .caller)
        choice.tried(caller: 80_000, shared: 40_000)
        #expect(choice.use == .caller)
        #expect(choice.note.hasPrefix("one thread a run: one took 80 µs on one thread, 40 µs on all"))
    }

    @Test func `a long run takes all threads for a clear gain only`() {
        var gaining = choice(of: 400_000)
        _ = gaining.beginTrial()
        gaining.tried(caller: 1_500_000, shared: 400_000)
        #expect(gaining.use == .shared)
        var idle = choice(of: 900_000)
        _ = idle.beginTrial()
        idle.tried(caller: 1_100_000, shared: 900_000)
        #expect(idle.use == .caller)
    }

    @Test func `runs that have become long are tried again, less and less often`() {
        var choice = choice(of: 50_000)
        _ = choice.beginTrial()
        choice.tried(caller: 80_000, shared: 40_000)
        for _ in 0..<ThreadChoice.firstPause - 1 { choice.ran(nanoseconds: 5_000_000) }
        #expect(choice.beginTrial() == nil)
        choice.ran(nanoseconds: 5_000_000)
        #expect(choice.beginTrial() == .shared)
        choice.failed(because: "no memory")
        #expect(choice.use == .caller)
        #expect(choice.note == "one thread a run: a trial of the other way failed: no memory")
        for _ in 0..<ThreadChoice.firstPause * 16 - 1 { choice.ran(nanoseconds: 5_000_000) }
        #expect(choice.beginTrial() == nil)
    }

    @Test func `a few runs in which the system ran somebody else make no run worth a trial`() {
        var choice = ThreadChoice(isOpen: true)
        for nanoseconds: UInt64 in [3_000_000, 4_000, 5_000, 900_000, 4_000, 700_000, 5_000, 4_000, 4_000] {
            choice.ran(nanoseconds: nanoseconds)
            let trial = choice.beginTrial()
            #expect(trial == nil)
        }
        #expect(choice.note.contains("a run takes 4 µs"))
    }
}
