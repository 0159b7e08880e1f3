internal import ApusCore
internal import DequeModule
internal import Synchronization

/// Work of event loops on engine threads: so no more threads compute than there are cores.
///
/// At most half of the threads, rounded up, do such work at a time, whatever comes: of two or more some are left to
/// models; a single one takes the pieces and the models' runs by turns. It is done in the order of its coming.
package final class BackgroundWork: WorkQueue {
    /// Takes the next piece when a thread has time for it.
    private final class Job: EngineJob {
        private let queue: BackgroundWork
        let model: ObjectIdentifier

        init(_ queue: BackgroundWork) {
            self.queue = queue
            self.model = ObjectIdentifier(queue)
        }

        func run() { queue.runNext() }
    }

    private struct State {
        var waiting = Deque<@Sendable () -> Void>()
        /// Jobs that wait for a thread or have one.
        var jobs = 0
    }

    private let pool: EngineThreadPool
    private let most: Int
    private let mostWaiting: Int
    private let state = Mutex(State())

    /// Puts work on the threads of a pool.
    ///
    /// - Parameters:
    ///   - pool: Whose threads do it.
    ///   - mostWaiting: How many pieces may wait; what they hold is bounded by the byte budget before.
    package init(pool: EngineThreadPool, mostWaiting: Int = 1024) {
        self.pool = pool
        self.most = (pool.threadCount + 1) / 2
        self.mostWaiting = mostWaiting
    }

    package func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        let (isTaken, needsJob) = state.withLock { state in
            guard state.waiting.count < mostWaiting else { return (false, false) }
            state.waiting.append(work)
            guard state.jobs < most else { return (true, false) }
            state.jobs += 1
            return (true, true)
        }
        if needsJob { pool.submit(Job(self)) }
        return isTaken
    }

    private func runNext() {
        let work = state.withLock { $0.waiting.popFirst() }
        work?()
        let needsJob = state.withLock { state in
            guard state.waiting.isEmpty else { return true }
            state.jobs -= 1
            return false
        }
        // Anew, so that models get their turns in between.
        if needsJob { pool.submit(Job(self)) }
    }
}
