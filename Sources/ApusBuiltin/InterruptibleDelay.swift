internal import ApusCore
internal import Glibc
internal import Synchronization

/// Lets a thread sleep until a time has passed or another thread has had enough.
///
/// Looks every two milliseconds whether it was interrupted: exact enough for a model that only pretends to compute.
final class InterruptibleDelay: Sendable {
    private static let idle: UInt8 = 0
    private static let waiting: UInt8 = 1
    private static let interrupted: UInt8 = 2
    private static let sliceNanoseconds: Int64 = 2_000_000

    private let state = Atomic<UInt8>(InterruptibleDelay.idle)

    /// Sleeps; `false` when it was interrupted.
    func wait(nanoseconds: Int64) -> Bool {
        let end = SystemTime().now.advanced(byNanoseconds: nanoseconds)
        state.store(Self.waiting, ordering: .releasing)
        defer { state.store(Self.idle, ordering: .releasing) }
        while state.load(ordering: .acquiring) == Self.waiting {
            let now = SystemTime().now
            guard now < end else { return true }
            Self.sleep(until: min(end, now.advanced(byNanoseconds: Self.sliceNanoseconds)))
        }
        return false
    }

    /// Ends a wait that is under way; nothing happens when there is none.
    func interrupt() {
        _ = state.compareExchange(expected: Self.waiting, desired: Self.interrupted, ordering: .acquiringAndReleasing)
    }

    /// Sleeps until a point in time, or shorter when a signal comes.
    private static func sleep(until end: MonotonicTime) {
        var time = timespec(
            tv_sec: Int(end.nanoseconds / 1_000_000_000),
            tv_nsec: Int(end.nanoseconds % 1_000_000_000)
        )
        unsafe clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nil)
    }
}
