internal import ApusCore
internal import Synchronization

/// Gives the memory of models that were unloaded back to the system, and seldom enough for nobody else to notice.
///
/// An engine's memory for a model comes in pieces of all sizes, of which the allocator would keep most for the next model.
final class UnloadedMemory: Sendable {
    private let rule = Mutex(TrimRule())
    private let time: any TimeSource

    /// Starts with nothing owed.
    init(time: any TimeSource) {
        self.time = time
    }

    /// A model is gone, or came to nothing.
    func modelUnloaded() {
        if rule.withLock({ $0.unloaded(now: time.now) }) { ResidentMemory.trim() }
    }

    /// Gives back what is still owed; called every few seconds.
    func look() {
        if rule.withLock({ $0.isDue(now: time.now) }) { ResidentMemory.trim() }
    }
}

/// When the heap is trimmed after models were unloaded: at once, but not again and again.
///
/// Trimming takes the locks of the allocator and gives back pages that requests want again right after: reloads in a row
/// would each cost those who are served some milliseconds.
struct TrimRule {
    /// The least time between two, in nanoseconds.
    static let minInterval: Int64 = 5_000_000_000

    private var isOwed = false
    private var last: MonotonicTime?

    /// A model is gone.
    ///
    /// - Returns: Whether to trim now.
    mutating func unloaded(now: MonotonicTime) -> Bool {
        isOwed = true
        return isDue(now: now)
    }

    /// Looks whether to trim now; whoever is told to does.
    mutating func isDue(now: MonotonicTime) -> Bool {
        guard isOwed else { return false }
        if let last, now < last.advanced(byNanoseconds: TrimRule.minInterval) { return false }
        isOwed = false
        last = now
        return true
    }
}
