internal import ApusCore
internal import Synchronization

/// A request that waits for a run which it may share with others: its own lease, deadline, sink and lane.
///
/// It doesn't hold inputs: those of the run's are equal. Whether it still waits is known to the cache alone, which ends
/// it exactly once: with the run, its deadline, or its caller.
final class FlightRequest: CancellableRequest, FlightMember {
    let id: String
    let key: ResponseKey
    let caller: Caller
    let priority: UInt64
    let deadline: MonotonicTime?
    let sink: any AnswerSink
    let received: MonotonicTime
    /// When it came to the cache.
    let queued: MonotonicTime
    /// How long it took to find out that its answer isn't remembered.
    let lookUpNanoseconds: UInt64
    private let front: CachingFront
    private let lease: Mutex<Lease?>

    /// Makes what waits of a request.
    init(
        _ request: borrowing InferenceRequest,
        key: ResponseKey,
        deadline: MonotonicTime?,
        sink: any AnswerSink,
        lookUpNanoseconds: UInt64,
        front: CachingFront
    ) {
        self.id = request.id
        self.key = key
        self.caller = request.caller
        self.priority = request.priority
        self.deadline = deadline
        self.sink = sink
        self.received = request.timings.received
        self.queued = request.timings.queued
        self.lookUpNanoseconds = lookUpNanoseconds
        self.front = front
        self.lease = Mutex(request.lease.copy())
    }

    func cancel() {
        front.leave(
            self,
            with: InferenceError(.cancelled, "the request was cancelled: nobody waits for its answer")
        )
    }

    func expire() {
        front.leave(self, with: Scheduler.expired)
    }

    /// One more lease on its version; `nil` when it has been answered.
    func copyLease() -> Lease? {
        lease.withLock { $0?.copy() }
    }

    /// Hands its lease over to its answer, or lets it go.
    func takeLease() -> Lease? {
        lease.withLock { $0.take() }
    }
}
