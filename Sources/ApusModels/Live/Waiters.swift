internal import ApusCore

/// What somebody waits for.
enum Milestone: Hashable, Sendable {
    /// Every aspired version has come to live or failed.
    case loaded
    /// No version is in memory any more.
    case unloaded
    /// A model isn't on its way any more.
    case settled(ModelName)
}

/// Tasks that wait for a milestone.
struct Waiters: Sendable {
    private var waiting: [Int: (milestone: Milestone, continuation: CheckedContinuation<Void, Never>)] = [:]

    /// Starts without anybody.
    init() {}

    /// Whether somebody waits.
    var isEmpty: Bool { waiting.isEmpty }

    /// What they wait for.
    var milestones: Set<Milestone> { Set(waiting.values.map(\.milestone)) }

    /// Adds a task.
    mutating func add(_ ticket: Int, for milestone: Milestone, _ continuation: CheckedContinuation<Void, Never>) {
        waiting[ticket] = (milestone, continuation)
    }

    /// Takes a task out, if it's still there.
    mutating func remove(_ ticket: Int) -> CheckedContinuation<Void, Never>? {
        waiting.removeValue(forKey: ticket)?.continuation
    }

    /// Takes out those whose milestone is reached; the caller resumes them, without a lock.
    mutating func removeAll(
        where isReached: (Milestone) -> Bool
    ) -> [CheckedContinuation<Void, Never>] {
        let reached = waiting.filter { isReached($0.value.milestone) }
        for ticket in reached.keys { waiting[ticket] = nil }
        return reached.sorted { $0.key < $1.key }.map(\.value.continuation)
    }
}
