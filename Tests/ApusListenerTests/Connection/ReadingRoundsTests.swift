import ApusCore
import Testing

@testable import ApusListener

/// Since when requests may have lain in their sockets.
struct ReadingRoundsTests {
    private func at(_ microseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: microseconds * 1000) }

    private func expectRead(_ rounds: inout ReadingRounds, _ now: MonotonicTime, _ isWatched: Bool) {
        let outcome = rounds.read(now: now)
        #expect(outcome == isWatched)
    }

    @Test func `what is read in a long round came after the beginning of the one before at the earliest`() {
        var rounds = ReadingRounds()
        expectRead(&rounds, at(10_000), true)
        let own = rounds.earliestArrival(readAt: at(12_000))
        #expect(own == at(10_000))
        rounds.roundEnded(now: at(15_000))
        expectRead(&rounds, at(16_000), true)
        #expect(rounds.earliestArrival(readAt: at(19_000)) == at(10_000))
        rounds.roundEnded(now: at(22_000))
        expectRead(&rounds, at(22_500), true)
        #expect(rounds.earliestArrival(readAt: at(23_000)) == at(15_000))
    }

    @Test func `one round is watched once`() {
        var rounds = ReadingRounds()
        expectRead(&rounds, at(10_000), true)
        expectRead(&rounds, at(10_001), false)
        expectRead(&rounds, at(14_000), false)
    }

    @Test func `short rounds aren't watched each, and what they read is new`() {
        var rounds = ReadingRounds()
        expectRead(&rounds, at(10_000), true)
        rounds.roundEnded(now: at(10_020))
        expectRead(&rounds, at(10_050), false)
        #expect(rounds.earliestArrival(readAt: at(10_050)) == at(10_050))
        expectRead(&rounds, at(11_000), true)
        #expect(rounds.earliestArrival(readAt: at(11_010)) == at(11_000))
    }

    @Test func `what comes after a pause is new`() {
        var rounds = ReadingRounds()
        expectRead(&rounds, at(10_000), true)
        rounds.roundEnded(now: at(15_000))
        expectRead(&rounds, at(21_000), true)
        #expect(rounds.earliestArrival(readAt: at(22_000)) == at(21_000))
    }
}
