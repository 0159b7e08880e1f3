import ApusCore
import Testing

@testable import ApusServer

struct IdleRuleTests {
    /// What the rule says to looks that come so many seconds after each other.
    private func looks(_ inferences: [UInt64], every seconds: Int64 = 60) -> [Bool] {
        var rule = IdleRule()
        var now = MonotonicTime(nanoseconds: 1)
        return inferences.map {
            now = now.advanced(byNanoseconds: seconds * 1_000_000_000)
            return rule.shouldRelease(inferences: $0, now: now)
        }
    }

    @Test func `memory is given back once, after two looks that found nothing new`() {
        #expect(looks([5, 5, 5, 5, 5, 5]) == [false, false, true, false, false, false])
    }

    @Test func `work in between begins anew`() {
        #expect(looks([1, 1, 2, 2, 3, 3, 3]) == [false, false, false, false, false, false, true])
        #expect(looks([3, 3, 3, 4, 4, 4]) == [false, false, true, false, false, true])
    }

    @Test func `what loading left behind is given back too`() {
        #expect(looks([0, 0, 0]) == [false, true, false])
    }

    @Test func `memory isn't given back again before a minute is over, and then it is`() {
        let inferences: [UInt64] = [0, 0, 1, 1, 1, 1, 1, 1, 1]
        #expect(looks(inferences, every: 12) == [false, true, false, false, false, false, true, false, false])
    }
}
