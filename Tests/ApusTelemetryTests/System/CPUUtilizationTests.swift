import ApusCore
import Testing

@testable import ApusTelemetry

struct CPUUtilizationTests {
    /// A time so many milliseconds after the start.
    private func at(milliseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: milliseconds * 1_000_000) }

    /// A sampler with a first reading at time 0.
    private func started() -> CPUUtilization {
        var utilization = CPUUtilization()
        utilization.sampled(CPUTimes(total: 1000, idle: 400), now: at(milliseconds: 0))
        return utilization
    }

    @Test func `the first reading is a baseline only`() {
        #expect(started().value == 0)
        #expect(CPUUtilization().isDue(now: at(milliseconds: 0)))
    }

    @Test func `the share is what was not idle between two readings`() {
        var utilization = started()
        utilization.sampled(CPUTimes(total: 1200, idle: 450), now: at(milliseconds: 1000))
        #expect(utilization.value == 0.75)
        utilization.sampled(CPUTimes(total: 1400, idle: 650), now: at(milliseconds: 2000))
        #expect(utilization.value == 0)
    }

    @Test func `readings within a second keep the last value and the baseline`() {
        var utilization = started()
        utilization.sampled(CPUTimes(total: 1200, idle: 450), now: at(milliseconds: 1000))
        #expect(!utilization.isDue(now: at(milliseconds: 1999)))
        utilization.sampled(CPUTimes(total: 1300, idle: 450), now: at(milliseconds: 1999))
        #expect(utilization.value == 0.75)
        utilization.sampled(CPUTimes(total: 1400, idle: 550), now: at(milliseconds: 2000))
        #expect(utilization.value == 0.5)
    }

    @Test func `counters that run back give no nonsense`() {
        var utilization = started()
        utilization.sampled(CPUTimes(total: 1100, idle: 300), now: at(milliseconds: 1000))
        #expect(utilization.value == 1)
        utilization.sampled(CPUTimes(total: 900, idle: 200), now: at(milliseconds: 2000))
        #expect(utilization.value == 1)
        utilization.sampled(CPUTimes(total: 1000, idle: 900), now: at(milliseconds: 3000))
        #expect(utilization.value == 0)
    }
}
