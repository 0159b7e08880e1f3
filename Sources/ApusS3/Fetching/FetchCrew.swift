internal import ApusStorage
internal import Dispatch
internal import Synchronization

/// The threads that fetch pieces of one object at the same time: the caller's own, and some lent ones.
final class FetchCrew: Sendable {
    private struct State {
        var plan: RangePlan
        var failure: StorageError?
        var isOver = false
    }

    private let state: Mutex<State>
    private let reached: @Sendable (Int) -> Void
    private let busy = DispatchGroup()

    init(plan: RangePlan, reached: @escaping @Sendable (Int) -> Void) {
        self.state = Mutex(State(plan: plan))
        self.reached = reached
    }

    /// Has pieces fetched until all are there or one can't be.
    ///
    /// - Parameters:
    ///   - helpers: How many threads at most help the caller's.
    ///   - threads: Where they come from; one that comes too late does nothing.
    ///   - fetch: Fetches a piece, and tells `wrote` of its bytes.
    /// - Throws: The first error that fetching a piece threw.
    func run(
        helpers: Int,
        from threads: HelperThreads,
        _ fetch: @escaping @Sendable (RangePlan.Piece) throws(StorageError) -> Void
    ) throws(StorageError) {
        for _ in 0..<helpers {
            threads.lend {
                guard self.joins() else { return }
                self.work(fetch)
                self.busy.leave()
            }
        }
        work(fetch)
        state.withLock { $0.isOver = true }
        busy.wait()
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Notes bytes of a piece that are in the file.
    func wrote(_ count: Int, of piece: RangePlan.Piece) {
        let grown = state.withLock { $0.plan.wrote(count, of: piece) }
        if let grown { reached(grown) }
    }

    /// Whether there is something to do for a thread that has come; if so, it is waited for.
    private func joins() -> Bool {
        state.withLock { state in
            guard !state.isOver else { return false }
            busy.enter()
            return true
        }
    }

    private func work(_ fetch: (RangePlan.Piece) throws(StorageError) -> Void) {
        while let piece = state.withLock({ $0.plan.take() }) {
            do throws(StorageError) {
                try fetch(piece)
            } catch {
                state.withLock { state in
                    state.plan.stop()
                    state.failure = state.failure ?? error
                }
            }
        }
    }
}
