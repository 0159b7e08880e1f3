import ApusCore
import Testing

/// What a delay will hardly exceed.
struct DelayEstimateTests {
    private func at(_ milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    @Test func `nothing is known at first`() {
        #expect(DelayEstimate().bound(now: at(1)) == 0)
    }

    @Test func `a steady delay is its own bound`() {
        var estimate = DelayEstimate()
        for moment in 1...100 { estimate.observe(5_000_000, now: at(Int64(moment))) }
        #expect((5_000_000...5_100_000).contains(estimate.bound(now: at(100))))
    }

    @Test func `an unsteady one has a bound above its mean`() {
        var estimate = DelayEstimate()
        for moment in 1...100 {
            estimate.observe(moment.isMultiple(of: 2) ? 2_000_000 : 6_000_000, now: at(Int64(moment)))
        }
        #expect((7_000_000...9_000_000).contains(estimate.bound(now: at(100))))
    }

    @Test func `what isn't observed any more is forgotten`() {
        var estimate = DelayEstimate()
        estimate.observe(8_000_000, now: at(0))
        let fresh = estimate.bound(now: at(0))
        #expect(estimate.bound(now: at(20)) == fresh / 2)
        #expect(estimate.bound(now: at(10_000)) == 0)
    }

    @Test(arguments: [Int64.min, .max])
    func `delays beyond all measure stay within an hour`(_ nanoseconds: Int64) {
        var estimate = DelayEstimate()
        for _ in 0..<100 { estimate.observe(nanoseconds, now: at(0)) }
        #expect(estimate.bound(now: at(0)) <= 3 * 3_600_000_000_000)
    }

    @Test func `what comes before its time has no delay`() {
        var estimate = DelayEstimate()
        for _ in 0..<100 { estimate.observe(-1_000_000, now: at(0)) }
        #expect(estimate.bound(now: at(0)) == 0)
    }
}
