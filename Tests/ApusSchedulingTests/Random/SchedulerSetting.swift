import ApusCore
import Testing

@testable import ApusScheduling

/// What a random schedule is run with.
struct SchedulerSetting: CustomTestStringConvertible, Sendable {
    var name: String
    var instances = 2
    var batching = BatchRules()
    var queue = QueueRules()
    /// Of a hundred requests, how many are poison.
    var poison = 3
    /// Of a thousand requests, how many are the end of every instance that runs them.
    var deadly = 0
    /// Of a hundred runs, how many are the end of their instance, whatever they run.
    var losses = 0
    /// Whether instances sometimes can't be made anew.
    var failsToMake = false
    /// Rows with which a run fails for want of memory.
    var tooMany = Int.max
    /// What a row costs a run by the manual clock, in nanoseconds: where it is little, requests share runs and large ones
    /// run whole; where it is much, large ones are taken apart.
    var rowCost = 5
    /// Of a hundred requests, how many are so large that they are spread over the instances.
    var large = 15
    /// Callers that requests come from.
    var callers = 1

    var testDescription: String { name }
    var hasMaxSize: Bool { queue.policies.contains { $0.maxSize != nil } }

    static var all: [SchedulerSetting] {
        var ordered = BatchRules()
        ordered.preservesOrdering = true
        var bounded = BatchRules()
        bounded.maxRows = 24
        bounded.preferredSizes = [4, 8]
        bounded.maxDelay = 200
        var goal = BatchRules()
        goal.latencyGoal = 2_000
        var off = BatchRules()
        off.isAllowed = false
        var rejecting = QueuePolicy()
        rejecting.defaultTimeout = 300
        rejecting.maxSize = 6
        var delaying = QueuePolicy()
        delaying.defaultTimeout = 200
        delaying.timeoutAction = .delay
        delaying.allowsTimeoutOverride = true
        let levels = QueueRules(policies: [rejecting, delaying, QueuePolicy()], defaultPriority: 2)
        return [
            SchedulerSetting(name: "nothing configured"),
            SchedulerSetting(name: "one by one", batching: off),
            SchedulerSetting(name: "four instances", instances: 4, tooMany: 24),
            SchedulerSetting(name: "large requests", instances: 4, rowCost: 30, large: 90),
            SchedulerSetting(name: "ordered", instances: 3, batching: ordered),
            SchedulerSetting(name: "preferred sizes and a delay", batching: bounded),
            SchedulerSetting(name: "a latency goal", batching: goal),
            SchedulerSetting(name: "priorities, policies, callers", instances: 3, queue: levels, callers: 5),
            SchedulerSetting(name: "lost instances", deadly: 5, losses: 4, rowCost: 20),
            SchedulerSetting(name: "ordered, lost instances", batching: ordered, deadly: 5, losses: 3),
            SchedulerSetting(
                name: "everything",
                instances: 4,
                queue: levels,
                deadly: 5,
                losses: 2,
                failsToMake: true,
                tooMany: 24,
                rowCost: 20,
                callers: 9
            ),
        ]
    }
}
