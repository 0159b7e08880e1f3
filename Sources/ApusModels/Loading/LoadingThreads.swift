internal import ApusCore
internal import CLinux
internal import Glibc
internal import Synchronization

/// A few threads of low priority that do a piece of work whenever they are woken.
///
/// Not for requests: those go to the engine threads. The threads end when this object does, after the work that they
/// have begun.
final class LoadingThreads: Sendable {
    private let bell: Bell
    private let count: Int

    /// Starts the threads.
    ///
    /// - Parameters:
    ///   - name: What the threads are called, before their number.
    ///   - count: How many; at least one is made.
    ///   - work: Called on one of the threads for each `wake()`; wakes that nobody has begun yet count as one a thread.
    /// - Throws: When the system gives no thread or descriptor.
    init(name: String, count: Int, work: @escaping @Sendable () -> Void) throws(RuntimeFailure) {
        let count = max(1, count)
        self.bell = try Bell(maxPending: count)
        for index in 1...count {
            let error = LoadingThreads.start(name: "\(name)-\(index)", Errand(bell: bell, work: work))
            guard error == 0 else {
                // Threads already there must not wait for ever.
                bell.end(threads: count)
                throw RuntimeFailure(
                    .resource,
                    "no thread for loading models: \(Errno(error).words) (limits: ulimit -u, the container's pids)"
                )
            }
        }
        self.count = count
    }

    /// Has a thread call `work` soon; cheap, from any thread.
    func wake() {
        bell.ring()
    }

    deinit {
        bell.end(threads: count)
    }

    /// What a thread is given at its start.
    private final class Errand: Sendable {
        let bell: Bell
        let work: @Sendable () -> Void

        init(bell: Bell, work: @escaping @Sendable () -> Void) {
            self.bell = bell
            self.work = work
        }
    }

    /// Starts a detached thread; returns the system's error number.
    private static func start(name: String, _ errand: Errand) -> Int32 {
        let context = unsafe Unmanaged.passRetained(errand)
        let body: @convention(c) (UnsafeMutableRawPointer?) -> Void = { context in
            let errand = unsafe Unmanaged<Errand>.fromOpaque(context!).takeRetainedValue()
            while errand.bell.wait() { errand.work() }
        }
        let error = unsafe CLinux_startThread(nil, name, true, body, context.toOpaque())
        if error != 0 { unsafe context.release() }
        return error
    }
}

/// Wakes threads, one for each ring; rings beyond the number of threads are the same as one less.
private final class Bell: Sendable {
    private let semaphore: Int32
    private let maxPending: Int
    private let pending = Atomic<Int>(0)
    private let isEnded = Atomic<Bool>(false)

    init(maxPending: Int) throws(RuntimeFailure) {
        let semaphore = CLinux_makeSemaphore()
        guard semaphore >= 0 else {
            throw RuntimeFailure(.resource, "no descriptor for the loading threads: \(Errno.last.words) (ulimit -n)")
        }
        self.semaphore = semaphore
        self.maxPending = maxPending
    }

    /// Wakes a thread.
    ///
    /// A ring is only left out when as many are pending as there are threads. Each of those will be taken by a thread
    /// that looks for work after this call, because it lowers `pending` before it looks.
    func ring() {
        var seen = pending.load(ordering: .sequentiallyConsistent)
        while seen < maxPending {
            // Not "add, then take back": a second ring would count the first one's excess as a pending wake.
            let result = pending.compareExchange(
                expected: seen,
                desired: seen + 1,
                ordering: .sequentiallyConsistent
            )
            if result.exchanged { return CLinux_signalSemaphore(semaphore) }
            seen = result.original
        }
    }

    /// Waits for a ring; `false` when the thread shall end.
    func wait() -> Bool {
        CLinux_waitForSemaphore(semaphore)
        if isEnded.load(ordering: .acquiring) { return false }
        pending.subtract(1, ordering: .sequentiallyConsistent)
        return true
    }

    /// Ends the threads, each after the work that it has begun.
    func end(threads: Int) {
        isEnded.store(true, ordering: .releasing)
        for _ in 0..<threads { CLinux_signalSemaphore(semaphore) }
    }

    deinit {
        _ = close(semaphore)
    }
}
