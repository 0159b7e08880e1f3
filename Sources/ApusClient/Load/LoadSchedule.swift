package import ApusCore

/// Decides when a load generator sends its next request, and which latency an answer has.
///
/// In an open loop requests are due at fixed times, whatever the server does, and a latency counts from the time at
/// which the request was *due*: while a server stalls, the requests that wait for a free connection grow old, and the
/// percentiles show it. In a closed loop a connection sends when it has its answer; a stall then keeps requests from
/// being sent at all and hides in the percentiles (coordinated omission).
///
/// Pure: time comes in as a parameter.
package struct LoadSchedule: Sendable {
    /// What makes the next request due.
    package enum Pace: Sendable, Hashable {
        /// A free connection.
        case closedLoop
        /// The clock: so many requests a second.
        case openLoop(requestsPerSecond: Double)
    }

    /// What a free connection is to do.
    package enum OnFreeConnection: Sendable, Hashable {
        /// Send now; the latency counts from `due`.
        case send(due: MonotonicTime)
        /// Nothing is due before that time.
        case wait(until: MonotonicTime)
        /// No request follows any more.
        case stop
    }

    /// How an answer counts.
    package struct Measurement: Sendable, Hashable {
        /// Nanoseconds from the time at which the request was due; `nil` when that is outside of the window.
        package let latency: UInt64?
        /// Whether the answer came within the window, and so counts for the throughput.
        package let isThroughput: Bool
        /// Whether the request had a deadline.
        package let hasDeadline: Bool
        /// Whether the answer came later than that, counted from when the request left.
        package let isLate: Bool
    }

    /// When counting starts.
    package let windowStart: MonotonicTime
    /// When counting ends and nothing more becomes due.
    package let windowEnd: MonotonicTime
    private let start: MonotonicTime
    private let timeout: Duration?
    private let pace: Pace
    private let step: Int
    private var nextIndex: Int

    /// Plans a run, or one share of it.
    ///
    /// - Parameters:
    ///   - pace: What makes requests due.
    ///   - start: When the run starts.
    ///   - warmup: How long nothing is counted after the start.
    ///   - duration: How long is counted after that.
    ///   - timeout: The deadline that requests bring; `nil` for none.
    ///   - share: Which share of an open loop's requests this schedule has: number `index` and every `count`th after.
    package init(
        pace: Pace,
        start: MonotonicTime,
        warmup: Duration,
        duration: Duration,
        timeout: Duration? = nil,
        share: (index: Int, count: Int) = (0, 1)
    ) {
        self.pace = pace
        self.timeout = timeout
        self.start = start
        self.windowStart = start.advanced(by: warmup)
        self.windowEnd = windowStart.advanced(by: duration)
        self.step = max(1, share.count)
        self.nextIndex = max(0, share.index)
    }

    /// Whether nothing becomes due any more.
    package func isOver(now: MonotonicTime) -> Bool {
        switch pace {
        case .closedLoop: now >= windowEnd
        case .openLoop(let rate): dueTime(of: nextIndex, rate: rate) >= windowEnd
        }
    }

    /// A connection can take a request.
    package mutating func connectionBecameFree(now: MonotonicTime) -> OnFreeConnection {
        switch pace {
        case .closedLoop:
            return now >= windowEnd ? .stop : .send(due: now)
        case .openLoop(let rate):
            let due = dueTime(of: nextIndex, rate: rate)
            guard due < windowEnd else { return .stop }
            guard due <= now else { return .wait(until: due) }
            nextIndex += step
            return .send(due: due)
        }
    }

    /// The answer to a request has come that was due at one time and left at another.
    package func answerArrived(due: MonotonicTime, sent: MonotonicTime, now: MonotonicTime) -> Measurement {
        Measurement(
            latency: isCounted(due: due) ? now.nanoseconds(since: due) : nil,
            isThroughput: now >= windowStart && now < windowEnd,
            hasDeadline: timeout != nil,
            isLate: timeout.map { now > sent.advanced(by: $0) } ?? false
        )
    }

    /// Tells whether a request that was due then counts.
    package func isCounted(due: MonotonicTime) -> Bool {
        due >= windowStart && due < windowEnd
    }

    /// Takes the next request that was due and never sent, when a run is given up.
    ///
    /// - Returns: For how many nanoseconds it has waited, which its latency would have been at least; `nil` after the
    ///   last one.
    package mutating func abandonUnsent(now: MonotonicTime) -> UInt64? {
        guard case .openLoop = pace else { return nil }
        while case .send(let due) = connectionBecameFree(now: now) {
            if isCounted(due: due) { return now.nanoseconds(since: due) }
        }
        return nil
    }

    /// Multiplied out from the start for each request, so that rounding does not add up.
    private func dueTime(of index: Int, rate: Double) -> MonotonicTime {
        let offset = (Double(index) * 1e9 / rate).rounded()
        return start.advanced(byNanoseconds: Int64(exactly: offset) ?? .max)
    }
}

extension MonotonicTime {
    /// The point that lies a duration later; saturates instead of overflowing.
    func advanced(by duration: Duration) -> MonotonicTime {
        let nanoseconds = (duration / .nanoseconds(1)).rounded()
        return advanced(byNanoseconds: Int64(exactly: nanoseconds) ?? .max)
    }
}
