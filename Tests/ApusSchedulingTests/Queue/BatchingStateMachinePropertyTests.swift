import ApusCore
import Testing

@testable import ApusScheduling

/// Random schedules through the state machine, on a manual clock, compared with a book that is kept beside it.
struct BatchingStateMachinePropertyTests {
    /// What one schedule is run with.
    struct Setting: CustomTestStringConvertible {
        var name: String
        var rules: BatchingStateMachine<Int>.Rules
        var isJoining: Bool
        var trouble = RandomSchedule.Trouble()

        var testDescription: String { name }
    }

    static var settings: [Setting] {
        var plain = BatchingStateMachine<Int>.Rules()
        plain.instances = 2
        var bounded = plain
        bounded.batching.maxRows = 8
        bounded.batching.preferredSizes = [4, 8]
        bounded.batching.maxDelay = 500
        var sized = plain
        sized.batching.allowedSizes = AllowedSizes([2, 4, 16])
        sized.batching.maxRows = 16
        var ordered = plain
        ordered.batching.preservesOrdering = true
        var levels = plain
        var rejecting = QueuePolicy()
        rejecting.defaultTimeout = 300
        rejecting.maxSize = 5
        var delaying = QueuePolicy()
        delaying.defaultTimeout = 200
        delaying.timeoutAction = .delay
        delaying.allowsTimeoutOverride = true
        levels.queue = QueueRules(policies: [rejecting, delaying, QueuePolicy()], defaultPriority: 2)
        levels.instances = 3
        return [
            Setting(name: "one by one", rules: plain, isJoining: false),
            Setting(name: "learnt sizes", rules: plain, isJoining: true),
            Setting(name: "preferred sizes and a delay", rules: bounded, isJoining: true),
            Setting(name: "allowed sizes", rules: sized, isJoining: true),
            Setting(name: "ordered", rules: ordered, isJoining: true),
            Setting(name: "priorities and policies", rules: levels, isJoining: true),
            Setting(name: "callers", rules: levels, isJoining: true, trouble: .init(callers: 7)),
            Setting(name: "lost instances", rules: plain, isJoining: true, trouble: .init(losses: 5, deadly: 2)),
            Setting(name: "ordered, lost instances", rules: ordered, isJoining: true, trouble: .init(losses: 3)),
            Setting(
                name: "everything",
                rules: levels,
                isJoining: true,
                trouble: .init(callers: 40, losses: 2, deadly: 1)
            ),
        ]
    }

    /// A twentieth of the steps unless `scripts/test --long` asks for more.
    static var steps: Int { RandomScale.scaled(200_000) }

    @Test(arguments: settings)
    func `every request leaves the queue exactly once and no rule is broken`(_ setting: Setting) async throws {
        let seed = UInt64.random(in: .min ... .max)
        print("BatchingStateMachinePropertyTests, \(setting.name): seed \(seed)")
        var schedule = RandomSchedule(
            rules: setting.rules,
            isJoining: setting.isJoining,
            trouble: setting.trouble,
            seed: seed
        )
        for _ in 0..<BatchingStateMachinePropertyTests.steps {
            schedule.step()
            // Other tests wait for the same threads.
            if schedule.steps.isMultiple(of: 1_000) { await Task.yield() }
            if let fault = schedule.fault {
                Issue.record("\(fault) (seed \(seed), step \(schedule.steps))")
                return
            }
        }
        schedule.finish()
        #expect(schedule.fault == nil, "seed \(seed)")
        #expect(schedule.ran > 0)
        #expect(schedule.answered > 0)
        #expect(setting.trouble.deadly == 0 || schedule.given > 0)
    }
}
