internal import CLinux
internal import NIOPosix

/// A thread for work that blocks and that nobody waits for at a port: it gets the processor time that others leave over.
final class BackgroundThread: Sendable {
    private let threads = NIOThreadPool(numberOfThreads: 1)

    /// Starts the thread.
    init() {
        threads.start()
        threads.submit { _ in CLinux_lowerPriority() }
    }

    deinit {
        threads.shutdownGracefully { _ in }
    }

    /// Does one piece of work after the others.
    func run<Result: Sendable>(_ work: @escaping @Sendable () -> Result) async -> Result {
        await withCheckedContinuation { continuation in
            threads.submit { _ in continuation.resume(returning: work()) }
        }
    }
}
