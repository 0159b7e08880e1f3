package import ApusCore
package import ApusStorage
internal import Glibc

/// The two clocks that a client of a store needs, and the way it waits; a test gives manual ones.
package struct StoreClock: Sendable {
    /// For deadlines and pauses.
    package let monotonic: any TimeSource
    /// For signatures and the end of credentials.
    package let calendar: @Sendable () -> CalendarTime
    /// Lets the calling thread wait for so many nanoseconds.
    package let pause: @Sendable (_ nanoseconds: Int64) -> Void

    /// Brings clocks together.
    package init(
        monotonic: any TimeSource,
        calendar: @escaping @Sendable () -> CalendarTime,
        pause: @escaping @Sendable (_ nanoseconds: Int64) -> Void
    ) {
        self.monotonic = monotonic
        self.calendar = calendar
        self.pause = pause
    }

    /// The system's clocks.
    package static let system = StoreClock(
        monotonic: SystemTime(),
        calendar: { CalendarTime(secondsSince1970: WallClock.millisecondsSince1970 / 1000) },
        pause: { nanoseconds in
            let (seconds, rest) = max(0, nanoseconds).quotientAndRemainder(dividingBy: 1_000_000_000)
            var asked = timespec(tv_sec: Int(seconds), tv_nsec: Int(rest))
            var left = timespec()
            while unsafe nanosleep(&asked, &left) != 0 && errno == EINTR { asked = left }
        }
    )
}
