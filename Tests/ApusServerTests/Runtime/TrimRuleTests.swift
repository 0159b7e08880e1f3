import ApusCore
import ApusTesting
import Testing

@testable import ApusServer

/// When memory of unloaded models is given back.
struct TrimRuleTests {
    @Test func `the first is at once, those right after it together`() {
        let time = ManualTime()
        var rule = TrimRule()
        func unloads() -> Bool { rule.unloaded(now: time.now) }
        func looks() -> Bool { rule.isDue(now: time.now) }
        #expect(!looks() && unloads())
        for _ in 0..<4 {
            time.advance(byNanoseconds: 1_000_000_000)
            #expect(!unloads() && !looks())
        }
        time.advance(byNanoseconds: 1_000_000_000)
        #expect(looks())
        // Nothing has been unloaded since.
        time.advance(byNanoseconds: TrimRule.minInterval)
        #expect(!looks() && unloads())
    }
}
