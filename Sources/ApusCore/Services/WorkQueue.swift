/// Does work that is too much for an event loop.
package protocol WorkQueue: Sendable {
    /// Takes a piece of work, done once and on another thread.
    ///
    /// - Returns: `false` when as much waits as may; the work isn't done then.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool
}

/// Does work where it is handed in, for want of other threads.
package struct WorkInPlace: WorkQueue {
    /// Makes the queue; it has no state.
    package init() {}

    package func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        work()
        return true
    }
}
