internal import ApusCore
internal import Synchronization

/// A request that waits for an instance or runs on an engine thread.
final class QueuedRequest: EngineJob, CancellableRequest {
    private enum Progress {
        case waiting
        case running(instance: Int)
        case cancelled
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
        let instance = instance.load(ordering: .acquiring)
        let mayRun = progress.withLock { progress in
            guard case .waiting = progress else { return false }
            progress = .running(instance: instance)
            return true
        }
        guard let request = request.take() else { return }
        if mayRun {
            scheduler.runOnPool(request, queued: self, instance: instance)
        } else {
            scheduler.drop(request, queued: self, instance: instance)
        }
    }

    /// The run is over: a cancellation that comes now must not hit the instance's next request.
    func runEnded() {
        progress.withLock { $0 = .cancelled }
    }

    func cancel() {
        progress.withLock { progress in
            switch progress {
            case .waiting: progress = .cancelled
            // Under the lock, so that the instance still runs this request.
            case .running(let instance): scheduler.terminate(instance: instance)
            case .cancelled: break
            }
        }
    }
}
