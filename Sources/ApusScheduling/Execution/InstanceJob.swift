/// What an engine thread does for one instance of a model: chooses a batch and runs it.
final class InstanceJob: EngineJob {
    private let index: Int
    private weak let scheduler: Scheduler?
    let model: ObjectIdentifier
    let priority: ModelPriority

    init(_ index: Int, of scheduler: Scheduler) {
        self.index = index
        self.scheduler = scheduler
        self.model = ObjectIdentifier(scheduler)
        self.priority = scheduler.priority
    }

    func run() {
        scheduler?.runInstance(index)
    }
}
