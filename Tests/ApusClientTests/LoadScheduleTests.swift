import ApusClient
import ApusCore
import Histogram
import Testing

struct LoadScheduleTests {
    private func time(_ milliseconds: Double) -> MonotonicTime {
        MonotonicTime(nanoseconds: Int64(milliseconds * 1e6))
    }

    private func schedule(
        _ pace: LoadSchedule.Pace,
        warmup: Duration = .zero,
        duration: Duration = .seconds(1),
        share: (index: Int, count: Int) = (0, 1)
    ) -> LoadSchedule {
        LoadSchedule(pace: pace, start: time(0), warmup: warmup, duration: duration, share: share)
    }

    @Test func `a closed loop sends at once until the window ends`() {
        var schedule = schedule(.closedLoop)
        let early = schedule.connectionBecameFree(now: time(5))
        let late = schedule.connectionBecameFree(now: time(1_000))
        #expect(early == .send(due: time(5)))
        #expect(late == .stop)
    }

    @Test func `an open loop sends on schedule and catches up after a delay`() {
        var schedule = schedule(.openLoop(requestsPerSecond: 100))
        var decisions: [LoadSchedule.OnFreeConnection] = []
        for now in [0.0, 1, 10, 35, 35, 35] { decisions.append(schedule.connectionBecameFree(now: time(now))) }
        #expect(
            decisions == [
                .send(due: time(0)), .wait(until: time(10)), .send(due: time(10)), .send(due: time(20)),
                .send(due: time(30)), .wait(until: time(40)),
            ]
        )
    }

    @Test func `shares of an open loop make up the whole`() {
        var due: [MonotonicTime] = []
        for index in 0..<3 {
            var share = schedule(.openLoop(requestsPerSecond: 100), share: (index, 3))
            while case .send(let moment) = share.connectionBecameFree(now: time(2_000)) { due.append(moment) }
        }
        #expect(due.sorted() == (0..<100).map { time(Double($0) * 10) })
    }

    @Test func `an answer is late when the request's deadline has passed since it left`() {
        let schedule = LoadSchedule(
            pace: .openLoop(requestsPerSecond: 1),
            start: time(0),
            warmup: .zero,
            duration: .seconds(1),
            timeout: .milliseconds(50)
        )
        func isLate(sent: Double, now: Double) -> Bool {
            let measurement = schedule.answerArrived(due: time(100), sent: time(sent), now: time(now))
            return measurement.hasDeadline && measurement.isLate
        }
        // Due long ago, but the server has had it for 50 ms only.
        #expect(!isLate(sent: 200, now: 250))
        #expect(isLate(sent: 100, now: 150.001))
    }

    @Test func `only what comes in time and within the window is good`() throws {
        let schedule = LoadSchedule(
            pace: .openLoop(requestsPerSecond: 1),
            start: time(0),
            warmup: .zero,
            duration: .seconds(1),
            timeout: .milliseconds(50)
        )
        var parser = ResponseParser()
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
        let parsed = try parser.parse(bytes.span)
        let answer = try #require(parsed)
        var outcome = LoadOutcome()
        for (sent, now) in [(100.0, 120.0), (100, 200), (990, 1_010)] {
            outcome.answerArrived(answer, schedule.answerArrived(due: time(100), sent: time(sent), now: time(now)))
        }
        #expect(outcome.answered == 3 && outcome.late == 1 && outcome.completed == 2 && outcome.good == 1)
        var sum = LoadOutcome()
        sum.add(outcome)
        sum.add(outcome)
        #expect(sum.late == 2 && sum.good == 2)
    }

    @Test func `rounding does not add up over a long run`() {
        var schedule = schedule(.openLoop(requestsPerSecond: 30_000), duration: .seconds(100))
        var count = 0
        while case .send = schedule.connectionBecameFree(now: time(1e6)) { count += 1 }
        #expect(count == 3_000_000)
    }

    @Test func `only the window counts`() {
        let schedule = schedule(.closedLoop, warmup: .milliseconds(100))
        let warm = schedule.answerArrived(due: time(99), sent: time(99), now: time(101))
        #expect(warm.latency == nil && warm.isThroughput)
        let good = schedule.answerArrived(due: time(100), sent: time(100), now: time(103))
        #expect(good.latency == 3_000_000 && good.isThroughput)
        let late = schedule.answerArrived(due: time(1_099), sent: time(1_099), now: time(1_200))
        #expect(late.latency == 101_000_000 && !late.isThroughput)
    }

    @Test func `what was never sent is reported with its age`() {
        var schedule = schedule(.openLoop(requestsPerSecond: 10))
        _ = schedule.connectionBecameFree(now: time(0))
        var ages: [UInt64] = []
        while let age = schedule.abandonUnsent(now: time(1_500)) { ages.append(age / 1_000_000) }
        #expect(ages == [1_400, 1_300, 1_200, 1_100, 1_000, 900, 800, 700, 600])
        var closed = self.schedule(.closedLoop)
        let none = closed.abandonUnsent(now: time(500))
        #expect(none == nil)
    }

    /// Runs one connection against a server that answers in 0.1 ms, except for one second in which it doesn't.
    private func percentile99(_ pace: LoadSchedule.Pace) -> Double {
        var schedule = schedule(pace, duration: .seconds(10))
        var latencies = Histogram<UInt64>(highestTrackableValue: 60_000_000_000)
        var now = time(0)
        while true {
            switch schedule.connectionBecameFree(now: now) {
            case .send(let due):
                let isStalled = now >= time(4_000) && now < time(5_000)
                now = isStalled ? time(5_000) : now.advanced(byNanoseconds: 100_000)
                let measurement = schedule.answerArrived(due: due, sent: now, now: now)
                if let latency = measurement.latency { latencies.record(latency) }
            case .wait(let until): now = until
            case .stop: return Double(latencies.valueAtPercentile(99)) / 1e6
            }
        }
    }

    @Test func `a stall shows in the p99 of an open loop and hides in a closed one`() {
        #expect(percentile99(.closedLoop) < 0.11)
        #expect(percentile99(.openLoop(requestsPerSecond: 1_000)) > 850)
    }
}
