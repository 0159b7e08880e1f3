internal import ApusCore
internal import CLinux

/// Measures what a run cost its thread.
///
/// Wall time says too much on a busy machine: it counts the moments in which the system ran somebody else. So a run's
/// cost is the processor time of its thread, unless the thread waited of its own will, for a device or another thread:
/// then it is the wall time, because an event loop would have waited too.
struct RunClock {
    private let began: CLinux_ThreadUsage

    /// Starts measuring on the calling thread.
    init() {
        began = CLinux_threadUsage()
    }

    /// What the run has cost so far.
    ///
    /// - Parameter wall: The wall time of the same stretch, in nanoseconds.
    /// - Returns: The cost in nanoseconds.
    func cost(wall: UInt64) -> UInt64 {
        let now = CLinux_threadUsage()
        guard now.voluntarySwitches == began.voluntarySwitches else { return wall }
        return min(wall, UInt64(max(0, now.processorNanoseconds - began.processorNanoseconds)))
    }
}
