import ApusClient
import ApusCore
import Testing

struct LoadPlanTests {
    @Test func `a plan with impossible numbers is refused with all of them`() {
        var plan = LoadPlan(url: .default)
        plan.connections = 0
        plan.duration = .zero
        plan.pace = .openLoop(requestsPerSecond: .nan)
        let message = failure { try plan.validate() }
        #expect(message.contains("--connections") && message.contains("--duration") && message.contains("--rate"))
    }

    private func interval(_ requestsPerSecond: Double, _ timeout: Duration?, loops: Int = 1) -> Duration? {
        var plan = LoadPlan(url: .default)
        plan.pace = .openLoop(requestsPerSecond: requestsPerSecond)
        plan.timeout = timeout
        return plan.lookInterval(loops: loops)
    }

    @Test func `answers are looked for fifty times within a deadline when two and more come in between`() {
        #expect(interval(40_000, .milliseconds(20)) == .microseconds(400))
        #expect(interval(5_000, .milliseconds(20)) == .microseconds(400))
        #expect(interval(4_999, .milliseconds(20)) == nil)
        #expect(interval(40_000, .milliseconds(20), loops: 8) == .microseconds(400))
        #expect(interval(40_000, .milliseconds(20), loops: 9) == nil)
        #expect(interval(40_000, .seconds(50)) == .milliseconds(1))
        #expect(interval(40_000, nil) == nil)
        var closed = LoadPlan(url: .default)
        closed.timeout = .milliseconds(20)
        #expect(closed.lookInterval(loops: 1) == nil)
    }

    @Test func `looks keep to their times and begin anew when one is missed`() {
        var looks = LookTimes(interval: .microseconds(400))
        let start = MonotonicTime(nanoseconds: 1_000_000)
        func rest(at microseconds: Int64) -> UInt64 {
            looks.looked(now: start.advanced(byNanoseconds: microseconds * 1_000))
        }
        let first = rest(at: 0)
        let second = rest(at: 10)
        let third = rest(at: 500)
        let missed = rest(at: 1_500)
        let next = rest(at: 1_600)
        #expect([first, second, third, missed, next] == [0, 390_000, 300_000, 0, 300_000])
    }
}
