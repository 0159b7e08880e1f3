internal import DequeModule

/// How a model stands to others that want the same engine threads.
package enum ModelPriority: Int, Sendable, CaseIterable {
    /// Before all others.
    case high
    /// What a model has whose configuration says nothing.
    case normal
    /// When nobody else wants a thread, and now and then.
    case low
}

/// Which job an engine thread takes next: models in turn, those of a higher priority first.
///
/// Pure. A model that is flooded has as many jobs here as it has instances, and takes its turn with one of them. A
/// priority that was passed over `patience` times gets the next turn, so that none waits for ever.
struct JobTurns<Job: Sendable>: Sendable {
    /// The models of one priority.
    private struct Class: Sendable {
        /// Models that have jobs, in the order of their turns.
        var ring = Deque<ObjectIdentifier>()
        var jobs: [ObjectIdentifier: Deque<Job>] = [:]
        /// Turns that others have had since the last one here.
        var passedOver = 0
    }

    /// How many turns of higher priorities one waits at most.
    static var patience: Int { 16 }

    private var classes = [Class](repeating: Class(), count: ModelPriority.allCases.count)

    /// A job of a model is to be run.
    mutating func append(_ job: Job, of model: ObjectIdentifier, priority: ModelPriority) {
        let index = priority.rawValue
        if classes[index].jobs[model, default: Deque()].isEmpty { classes[index].ring.append(model) }
        classes[index].jobs[model, default: Deque()].append(job)
    }

    /// The job to run now; `nil` when there is none.
    mutating func next() -> Job? {
        guard let index = nextClass() else { return nil }
        for lower in classes.indices where lower > index && !classes[lower].ring.isEmpty {
            classes[lower].passedOver += 1
        }
        classes[index].passedOver = 0
        guard let model = classes[index].ring.popFirst() else { return nil }
        let job = classes[index].jobs[model]?.popFirst()
        if classes[index].jobs[model]?.isEmpty ?? true {
            classes[index].jobs[model] = nil
        } else {
            classes[index].ring.append(model)
        }
        return job
    }

    private func nextClass() -> Int? {
        var first: Int?
        var overdue: Int?
        for index in classes.indices where !classes[index].ring.isEmpty {
            if first == nil { first = index }
            if classes[index].passedOver >= Self.patience { overdue = index }
        }
        return overdue ?? first
    }
}
