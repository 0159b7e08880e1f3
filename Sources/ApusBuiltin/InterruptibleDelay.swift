internal import ApusCore
internal import Glibc
internal import Synchronization

/// Lets a thread sleep until a time has passed or another thread has had enough.
///
/// Looks every two milliseconds whether it was interrupted: exact enough for a model that only pretends to compute.
final class InterruptibleDelay: Sendable {
    private static let sliceNanoseconds: Int64 = 2_000_000

    private let isInterrupted = Atomic(false)

    /// Sleeps; `false` when it was interrupted, before or meanwhile.
    func wait(nanoseconds: Int64) -> Bool {
        guard nanoseconds > 0 else { return !isInterrupted.load(ordering: .acquiring) }
        let end = SystemTime().now.advanced(byNanoseconds: nanoseconds)
        while !isInterrupted.load(ordering: .acquiring) {
            let now = SystemTime().now
            guard now < end else { return true }
            Self.sleep(until: min(end, now.advanced(byNanoseconds: Self.sliceNanoseconds)))
        }
        return false
    }

    /// Ends the wait that is under way, or else the next one.
    func interrupt() {
        isInterrupted.store(true, ordering: .releasing)
    }

    /// Forgets interruptions.
    func reset() {
        isInterrupted.store(false, ordering: .releasing)
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
