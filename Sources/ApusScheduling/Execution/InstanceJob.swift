/// What an engine thread does for one instance of a model: chooses a batch and runs it.
final class InstanceJob: EngineJob {
    private let index: Int
    private weak let scheduler: Scheduler?

    init(_ index: Int, of scheduler: Scheduler) {
        self.index = index
        self.scheduler = scheduler
    }

    func run() {
        scheduler?.runInstance(index)
    }
}
