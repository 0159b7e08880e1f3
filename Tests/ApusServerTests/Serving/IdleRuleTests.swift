import Testing

@testable import ApusServer

struct IdleRuleTests {
    /// What the rule says to one look after the other.
    private func looks(_ answers: [UInt64]) -> [Bool] {
        var rule = IdleRule()
        return answers.map { rule.shouldRelease(answers: $0) }
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
}
