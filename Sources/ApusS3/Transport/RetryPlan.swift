package import ApusCore

/// When something that failed is tried again: full-jitter back-off inside a deadline, as a value without a clock.
///
/// https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
package struct RetryPlan: Sendable {
    /// How patient it is.
    package struct Limits: Sendable {
        /// How long the whole may take, in nanoseconds; begins again whenever bytes have come.
        package var time: Int64 = 60_000_000_000
        /// The most attempts without a byte coming.
        package var attempts = 12
        /// The longest pause after the first failure, in nanoseconds; twice that after the next.
        package var firstPause: Int64 = 100_000_000
        /// The longest pause at all, in nanoseconds.
        package var longestPause: Int64 = 10_000_000_000

        /// Takes the defaults.
        package init() {}
    }

    /// What comes next.
    package enum Next: Equatable, Sendable {
        /// Another attempt, after so many nanoseconds.
        case again(afterNanoseconds: Int64)
        /// None: the deadline or the attempts are used up.
        case giveUp
    }

    private let limits: Limits
    private var generator: any RandomNumberGenerator & Sendable
    private var deadline: MonotonicTime
    private var failures = 0

    /// Starts the time that the whole may take.
    package init(limits: Limits, now: MonotonicTime, generator: any RandomNumberGenerator & Sendable) {
        self.limits = limits
        self.generator = generator
        self.deadline = now.advanced(byNanoseconds: limits.time)
    }

    /// How many attempts have failed since the last progress.
    package var failureCount: Int { failures }

    /// What is left of the time, in nanoseconds; 0 when it is over.
    package func remaining(now: MonotonicTime) -> Int64 {
        Int64(clamping: deadline.nanoseconds(since: now))
    }

    /// Bytes came: the deadline and the pauses begin anew.
    package mutating func progressed(now: MonotonicTime) {
        failures = 0
        deadline = now.advanced(byNanoseconds: limits.time)
    }

    /// An attempt failed in a way that may pass.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - asked: The least pause that the server asked for, in nanoseconds.
    /// - Returns: Whether and when it is tried again.
    package mutating func failed(now: MonotonicTime, asked: Int64 = 0) -> Next {
        failures += 1
        guard failures < limits.attempts else { return .giveUp }
        let doublings = min(failures - 1, 30)
        let longest = min(limits.longestPause, limits.firstPause.multipliedReportingOverflow(by: 1 << doublings).0)
        let jittered = longest > 0 ? Int64.random(in: 0...longest, using: &generator) : 0
        let pause = max(jittered, min(max(0, asked), limits.longestPause))
        return pause < remaining(now: now) ? .again(afterNanoseconds: pause) : .giveUp
    }
}
