/// Makes a lost instance anew, on an engine thread.
final class RepairJob: EngineJob {
    private let index: Int
    private weak let scheduler: Scheduler?

    init(_ index: Int, of scheduler: Scheduler) {
        self.index = index
        self.scheduler = scheduler
    }

    func run() {
        scheduler?.repairInstance(index)
    }
}
