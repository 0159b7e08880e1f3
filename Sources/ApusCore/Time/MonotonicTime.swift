internal import Glibc

/// A point on a clock that never goes back, in nanoseconds since an arbitrary start.
package struct MonotonicTime: Hashable, Sendable, Comparable {
    /// Nanoseconds since the clock's start.
    package let nanoseconds: Int64

    /// Wraps a reading.
    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// Nanoseconds passed since an earlier point; never negative.
    package func nanoseconds(since earlier: MonotonicTime) -> UInt64 {
        UInt64(max(0, nanoseconds &- earlier.nanoseconds))
    }

    /// The point that lies `nanoseconds` later; saturates instead of overflowing.
    package func advanced(byNanoseconds step: Int64) -> MonotonicTime {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(step)
        return MonotonicTime(nanoseconds: overflow ? (step > 0 ? .max : .min) : sum)
    }

    package static func < (lhs: MonotonicTime, rhs: MonotonicTime) -> Bool {
        lhs.nanoseconds < rhs.nanoseconds
    }
}

/// Tells the time; tests give a manual one.
package protocol TimeSource: Sendable {
    /// Now, on a clock that never goes back.
    var now: MonotonicTime { get }
}

/// The system's monotonic clock.
package struct SystemTime: TimeSource {
    /// Makes the clock; it has no state.
    package init() {}

    package var now: MonotonicTime {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec))
    }
}

/// The wall clock, for log lines and statistics only.
package enum WallClock {
    /// Milliseconds since 1970 in UTC.
    package static var millisecondsSince1970: Int64 { read(CLOCK_REALTIME) }

    /// Milliseconds since 1970 in UTC, as of the system's last tick some milliseconds ago: a tenth of the price.
    package static var coarseMillisecondsSince1970: Int64 { read(CLOCK_REALTIME_COARSE) }

    private static func read(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
