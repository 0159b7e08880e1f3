internal import NIOPosix

/// Threads that are lent to those who fetch pieces of an object.
struct HelperThreads: Sendable {
    private let threads: NIOThreadPool
    private let prepare: @Sendable () -> Void

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - count: How many.
    ///   - prepare: Called on a thread before it works.
    init(count: Int, prepare: @escaping @Sendable () -> Void) {
        self.threads = NIOThreadPool(numberOfThreads: count)
        self.prepare = prepare
        threads.start()
    }

    /// Has a thread do something, unless the threads have ended.
    func lend(_ work: @escaping @Sendable () -> Void) {
        threads.submit { [prepare] state in
            guard case .active = state else { return }
            prepare()
            work()
        }
    }

    /// Ends the threads, each after what it does.
    func end() {
        try? threads.syncShutdownGracefully()
    }
}
