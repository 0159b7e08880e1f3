import ApusCore
import Synchronization

/// A clock that stands still until it is told.
final class ManualTime: TimeSource {
    private let nanoseconds = Atomic<Int64>(1_000_000_000_000)

    var now: MonotonicTime { MonotonicTime(nanoseconds: nanoseconds.load(ordering: .relaxed)) }

    /// Moves the clock on.
    func advance(milliseconds: Int64) {
        nanoseconds.add(milliseconds * 1_000_000, ordering: .relaxed)
    }
}
