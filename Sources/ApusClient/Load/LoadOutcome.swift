package import Histogram

/// What a load test saw; requests count that were due within the window.
package struct LoadOutcome: Sendable {
    /// The longest latency told apart, in nanoseconds: an hour.
    static let maxLatency: UInt64 = 3_600_000_000_000

    /// Latencies of answers with status 200, and the least possible ones of unfinished requests, in nanoseconds.
    package private(set) var latencies = LoadOutcome.histogram
    /// How much later than they were due requests left, in nanoseconds.
    ///
    /// For want of a connection, or because the generator was kept from running. In a closed loop what sending takes.
    package private(set) var sendDelays = LoadOutcome.histogram
    /// Answers with status 200.
    package private(set) var answered: UInt64 = 0
    /// Answers with another status, by status.
    package private(set) var refused: [Int: UInt64] = [:]
    /// Answers with status 503 to requests with a deadline: the server said in time that it has no room.
    package private(set) var declined: UInt64 = 0
    /// Answers with status 200 that came after the request's deadline, counted from when it left.
    package private(set) var late: UInt64 = 0
    /// Answers with status 200 that came within the window, and within their deadline where they had one.
    package private(set) var good: UInt64 = 0
    /// Requests whose connection broke before the answer.
    package private(set) var lost: UInt64 = 0
    /// Requests without an answer when the run was given up, those never sent included.
    package private(set) var unfinished: UInt64 = 0
    /// Answers with status 200 that came within the window.
    package private(set) var completed: UInt64 = 0
    /// Failed attempts to connect.
    package private(set) var failedConnections: UInt64 = 0
    /// What the first failure was.
    package private(set) var firstFailure: String?

    /// Starts with nothing seen.
    package init() {}

    private static var histogram: Histogram<UInt64> {
        Histogram<UInt64>(
            lowestDiscernibleValue: 1,
            highestTrackableValue: LoadOutcome.maxLatency,
            numberOfSignificantValueDigits: .three
        )
    }

    /// Everything that was neither answered with status 200 nor declined.
    package var failed: UInt64 { refused.values.reduce(0, +) + lost + unfinished }

    /// The share of requests that failed, 0 to 1.
    package var errorRate: Double {
        let all = answered + failed
        return all == 0 ? 0 : Double(failed) / Double(all)
    }

    /// A request that counts left, so many nanoseconds after it was due.
    package mutating func requestSent(late nanoseconds: UInt64) {
        sendDelays.record(min(nanoseconds, LoadOutcome.maxLatency))
    }

    /// An answer came.
    package mutating func answerArrived(_ answer: ResponseParser.Answer, _ measurement: LoadSchedule.Measurement) {
        guard answer.status == 200 else {
            if answer.status == 503, measurement.hasDeadline {
                if measurement.latency != nil { declined += 1 }
                return
            }
            if measurement.latency != nil { refused[answer.status, default: 0] += 1 }
            note("status \(answer.status): \(Terminal.printable(String(decoding: answer.excerpt, as: UTF8.self)))")
            return
        }
        if measurement.isThroughput {
            completed += 1
            if !measurement.isLate { good += 1 }
        }
        if let latency = measurement.latency {
            answered += 1
            if measurement.isLate { late += 1 }
            record(latency)
        }
    }

    /// A connection broke; with a request under way that counts, `isCounted` says.
    package mutating func connectionBroke(isCounted: Bool, reason: String) {
        if isCounted { lost += 1 }
        note(reason)
    }

    /// A connection couldn't be made.
    package mutating func connectionFailed(reason: String) {
        failedConnections += 1
        note(reason)
    }

    /// A request was given up after it had waited for so many nanoseconds.
    package mutating func requestAbandoned(waited: UInt64) {
        unfinished += 1
        note("no answer when the run was given up")
        record(waited)
    }

    /// Adds what another part of the same run saw.
    package mutating func add(_ other: LoadOutcome) {
        latencies.add(other.latencies)
        sendDelays.add(other.sendDelays)
        declined += other.declined
        late += other.late
        good += other.good
        answered += other.answered
        refused.merge(other.refused, uniquingKeysWith: +)
        lost += other.lost
        unfinished += other.unfinished
        completed += other.completed
        failedConnections += other.failedConnections
        firstFailure = firstFailure ?? other.firstFailure
    }

    private mutating func record(_ latency: UInt64) {
        latencies.record(min(latency, LoadOutcome.maxLatency))
    }

    private mutating func note(_ failure: @autoclosure () -> String) {
        if firstFailure == nil { firstFailure = failure() }
    }
}
