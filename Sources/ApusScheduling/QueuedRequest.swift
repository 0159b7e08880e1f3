internal import ApusCore
internal import ApusEngine
internal import Synchronization

/// A request that waits for an instance or runs on an engine thread.
final class QueuedRequest: EngineJob, CancellableRequest {
    private enum Progress {
        case waiting
        case running(any ModelInstance)
        /// Called back, with the error to end it with.
        case withdrawn(InferenceError)
        case ended
    }

    let call: ValidatedCall
    let shape: UInt64
    let sink: any AnswerSink
    private let scheduler: Scheduler
    private let request: HandOver<InferenceRequest>
    private let progress = Mutex(Progress.waiting)
    private let instance = Atomic<Int>(0)

    init(
        request: consuming InferenceRequest,
        call: ValidatedCall,
        shape: UInt64,
        sink: any AnswerSink,
        scheduler: Scheduler
    ) {
        self.request = HandOver(request)
        self.call = call
        self.shape = shape
        self.sink = sink
        self.scheduler = scheduler
    }

    /// Notes the instance that an engine thread will run it on.
    func assign(instance: Int) {
        self.instance.store(instance, ordering: .releasing)
    }

    func run() {
        let permit = scheduler.permit(instance.load(ordering: .acquiring))
        // From here on a call back may terminate the run, even before the engine has been called.
        permit.instance.clearTermination()
        let withdrawal: InferenceError? = progress.withLock { progress in
            if case .withdrawn(let error) = progress { return error }
            progress = .running(permit.instance)
            return nil
        }
        guard let request = request.take() else { return }
        if let withdrawal {
            scheduler.drop(request, queued: self, permit: permit, with: withdrawal)
        } else {
            scheduler.runOnPool(request, queued: self, permit: permit)
        }
    }

    /// The run is over: a call back that comes now must not hit the instance's next request.
    ///
    /// - Returns: Why it was called back, if it was.
    func runEnded() -> InferenceError? {
        progress.withLock { progress in
            defer { progress = .ended }
            if case .withdrawn(let error) = progress { return error }
            return nil
        }
    }

    /// Takes the request itself, which has been taken out of the queue.
    func takeRequest() -> InferenceRequest? {
        request.take()
    }

    func cancel() {
        withdraw(with: InferenceError(.cancelled, "the request was cancelled: nobody waits for its answer"))
    }

    func expire() {
        withdraw(with: Scheduler.expired)
    }

    private func withdraw(with error: InferenceError) {
        // Out of the queue it is answered at once; on its way to an instance or in it, as soon as that lets go.
        if scheduler.withdraw(self, with: error) { return }
        progress.withLock { progress in
            switch progress {
            case .waiting: progress = .withdrawn(error)
            case .running(let instance):
                progress = .withdrawn(error)
                // Under the lock, so that the instance still runs this request.
                instance.terminate()
            case .withdrawn, .ended: break
            }
        }
    }
}
