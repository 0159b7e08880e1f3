package import ApusCore
internal import Synchronization

/// A clock that stands still until a test moves it.
package final class ManualTime: TimeSource {
    private let nanoseconds: Mutex<Int64>

    /// Starts somewhere that isn't zero, so that a forgotten reading shows.
    package init(nanoseconds: Int64 = 1_000_000_000) {
        self.nanoseconds = Mutex(nanoseconds)
    }

    package var now: MonotonicTime {
        MonotonicTime(nanoseconds: nanoseconds.withLock { $0 })
    }

    /// Lets time pass.
    package func advance(byNanoseconds step: Int64) {
        nanoseconds.withLock { $0 += step }
    }
}
