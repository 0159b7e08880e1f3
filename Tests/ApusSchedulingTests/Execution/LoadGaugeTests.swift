import ApusCore
import Testing

@testable import ApusScheduling

struct LoadGaugeTests {
    private let start = MonotonicTime(nanoseconds: 1_000_000_000)

    /// Runs of some length, one every `interval` nanoseconds; whether the gauge asked once to consider gathering.
    private func run(_ gauge: inout LoadGauge, wall: UInt64, interval: Int64) -> Bool {
        var hasAsked = false
        for step in 1...1000 {
            let now = start.advanced(byNanoseconds: Int64(step) * interval)
            if gauge.ranInline(wall: wall, now: now) { hasAsked = true }
        }
        return hasAsked
    }

    @Test func `few runs never ask for batches`() {
        var gauge = LoadGauge()
        #expect(run(&gauge, wall: 30_000, interval: 1_000_000) == false)
    }

    @Test func `runs that take much of a core ask for batches`() {
        var gauge = LoadGauge()
        #expect(run(&gauge, wall: 30_000, interval: 40_000) == true)
    }

    @Test func `a model that saves less than the way through the queue costs never gathers`() {
        var gauge = LoadGauge()
        _ = run(&gauge, wall: 2_000, interval: 3_000)
        gauge.considerGathering(jointRow: nil, now: start)
        #expect(!gauge.gathers(now: start))
    }

    @Test(arguments: [(UInt64(11_000), false), (15_000, true)])
    func `company that saves hardly more than it costs isn't looked for`(_ wall: UInt64, _ gathers: Bool) {
        var gauge = LoadGauge()
        _ = run(&gauge, wall: wall, interval: 20_000)
        gauge.considerGathering(jointRow: 2_000, now: start)
        #expect(gauge.gathers(now: start) == gathers)
    }

    @Test func `gathering lasts for its term`() {
        var gauge = LoadGauge()
        _ = run(&gauge, wall: 60_000, interval: 70_000)
        gauge.considerGathering(jointRow: 5_000, now: start)
        #expect(gauge.gathers(now: start))
        #expect(!gauge.gathers(now: start.advanced(byNanoseconds: LoadGauge.term)))
    }

    @Test func `a burst doesn't ask for batches`() {
        var gauge = LoadGauge()
        // A sender that was held up sends at once, again and again, what it would have sent in the meantime.
        for burst in 0..<100 {
            let began = start.advanced(byNanoseconds: Int64(burst) * 30_000_000)
            for step in 1...300 {
                let now = began.advanced(byNanoseconds: Int64(step) * 50_000)
                let hasAsked = gauge.ranInline(wall: 30_000, now: now)
                #expect(!hasAsked)
            }
        }
    }

    @Test func `a run in whose middle the system ran somebody else doesn't count as work`() {
        var gauge = LoadGauge()
        for step in 1...10_000 {
            let now = start.advanced(byNanoseconds: Int64(step) * 100_000)
            let hasAsked = gauge.ranInline(wall: step.isMultiple(of: 40) ? 3_000_000 : 10_000, now: now)
            #expect(!hasAsked)
        }
    }

    /// A gauge that has begun to gather.
    private func gathering() -> LoadGauge {
        var gauge = LoadGauge()
        _ = run(&gauge, wall: 60_000, interval: 70_000)
        gauge.considerGathering(jointRow: nil, now: start)
        return gauge
    }

    @Test func `now and then a model that gathers has to prove anew that it should`() {
        var gauge = gathering()
        var now = start
        for _ in 0..<LoadGauge.termsInARow {
            #expect(gauge.gathers(now: now))
            for _ in 0..<100 { gauge.ranBatch(parts: 8, jointRow: 5_000, now: now) }
            now = now.advanced(byNanoseconds: LoadGauge.term)
            gauge.ranBatch(parts: 8, jointRow: 5_000, now: now)
        }
        #expect(!gauge.gathers(now: now))
        // Still as dear alone: it gathers again after one window.
        let look = now
        var hasAsked = false
        for _ in 0..<1000 where !hasAsked {
            now = now.advanced(byNanoseconds: 70_000)
            hasAsked = gauge.ranInline(wall: 60_000, now: now)
        }
        #expect(hasAsked && now.nanoseconds(since: look) < UInt64(LoadGauge.window) * 11 / 10)
        gauge.considerGathering(jointRow: 5_000, now: now)
        #expect(gauge.gathers(now: now))
    }

    @Test func `a model that only seemed dear is left on event loops after that`() {
        var gauge = gathering()
        for term in 1...Int64(LoadGauge.termsInARow) {
            for _ in 0..<100 { gauge.ranBatch(parts: 8, jointRow: 2_000, now: start) }
            gauge.ranBatch(parts: 8, jointRow: 2_000, now: start.advanced(byNanoseconds: term * LoadGauge.term))
        }
        let now = start.advanced(byNanoseconds: Int64(LoadGauge.termsInARow) * LoadGauge.term)
        #expect(!gauge.gathers(now: now))
        // The machine was slow; alone it takes 3 µs.
        for step in 1...100 { _ = gauge.ranInline(wall: 3_000, now: now.advanced(byNanoseconds: Int64(step) * 5_000)) }
        gauge.considerGathering(jointRow: 2_000, now: now)
        #expect(!gauge.gathers(now: now))
    }

    @Test func `requests that find no company are soon run on event loops again`() {
        var gauge = gathering()
        for _ in 0..<1000 { gauge.ranBatch(parts: nil, jointRow: nil, now: start) }
        #expect(gauge.gathers(now: start))
        for _ in 1..<LoadGauge.trialRuns { gauge.ranBatch(parts: 1, jointRow: 5_000, now: start) }
        #expect(gauge.gathers(now: start))
        gauge.ranBatch(parts: 1, jointRow: 5_000, now: start)
        #expect(!gauge.gathers(now: start))
        // And aren't gathered again for a while.
        let asksAgain = run(&gauge, wall: 60_000, interval: 70_000)
        #expect(!asksAgain)
    }

    @Test func `requests in company are gathered for another term`() {
        var gauge = gathering()
        for _ in 0..<200 { gauge.ranBatch(parts: 3, jointRow: 5_000, now: start) }
        let end = start.advanced(byNanoseconds: LoadGauge.term)
        gauge.ranBatch(parts: 3, jointRow: 5_000, now: end)
        #expect(gauge.gathers(now: end))
    }

    @Test func `a version goes on where its predecessor leaves off`() {
        var heir = gathering().heir(now: start.advanced(byNanoseconds: LoadGauge.term - 1))
        // Its warm-up takes longer than the predecessor's term would have been.
        let ready = start.advanced(byNanoseconds: 3 * LoadGauge.term)
        #expect(!heir.gathers(now: ready))
        heir.takeOver(now: ready)
        #expect(heir.gathers(now: ready))
        #expect(!heir.gathers(now: ready.advanced(byNanoseconds: LoadGauge.term)))
    }

    @Test func `what was no gain for a version isn't tried by the one that takes its place`() {
        var tired = gathering()
        tired.ranBatch(parts: 1, jointRow: 5_000, now: start)
        let end = start.advanced(byNanoseconds: LoadGauge.term)
        tired.ranBatch(parts: 1, jointRow: 5_000, now: end)
        var heir = tired.heir(now: end)
        heir.takeOver(now: end)
        #expect(!heir.gathers(now: end))
        let asksAgain = run(&heir, wall: 60_000, interval: 70_000)
        #expect(!asksAgain)
    }

    @Test func `a term in which nothing could be learnt makes no pause longer`() {
        var gauge = gathering()
        var now = start
        for _ in 0..<10 {
            gauge.ranBatch(parts: nil, jointRow: nil, now: now)
            now = now.advanced(byNanoseconds: LoadGauge.term)
            gauge.ranBatch(parts: 1, jointRow: nil, now: now)
            #expect(!gauge.gathers(now: now))
            now = now.advanced(byNanoseconds: LoadGauge.firstPause)
            for step in 1...1000 {
                _ = gauge.ranInline(wall: 60_000, now: now.advanced(byNanoseconds: Int64(step) * 70_000))
            }
            now = now.advanced(byNanoseconds: 70_000_000)
            let asks = gauge.ranInline(wall: 60_000, now: now.advanced(byNanoseconds: LoadGauge.window))
            #expect(asks)
            gauge.considerGathering(jointRow: nil, now: now)
            #expect(gauge.gathers(now: now))
        }
    }
}
