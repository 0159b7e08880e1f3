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
            if gauge.ranInline(wall: wall, now: now), step > 200 { hasAsked = true }
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

    @Test func `gathering lasts for its term`() {
        var gauge = LoadGauge()
        _ = run(&gauge, wall: 60_000, interval: 70_000)
        gauge.considerGathering(jointRow: 5_000, now: start)
        #expect(gauge.gathers(now: start))
        #expect(!gauge.gathers(now: start.advanced(byNanoseconds: LoadGauge.term)))
    }
}
