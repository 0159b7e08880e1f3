import ApusCore
import Testing

@testable import ApusScheduling

/// What statistics say of a model's configuration.
struct RulesNoteTests {
    @Test func `where nothing is configured nothing is said`() {
        let note = RulesNote(queue: QueueRules(), batching: BatchRules(), priority: .normal)
        #expect(note.text(goal: nil).isEmpty)
    }

    @Test func `a goal is said with what may be used of it`() {
        var goal = LatencyGoal(nanoseconds: 20_000_000)
        let note = RulesNote(queue: QueueRules(), batching: BatchRules(), priority: .high)
        for _ in 0..<3 { goal.runEnded(oldest: 30_000_000, now: MonotonicTime(nanoseconds: 1)) }
        #expect(
            note.text(goal: goal) == "latency_goal: 99 of 100 requests within 20 ms, of which 73 % may be used now; "
                + "runs before other models"
        )
    }

    @Test func `sizes, delays and policies are said by level`() {
        var batching = BatchRules()
        batching.maxDelay = 500_000
        batching.preferredSizes = [8, 16]
        batching.preservesOrdering = true
        var limited = QueuePolicy()
        limited.maxSize = 100
        limited.defaultTimeout = 1_500_000
        var delayed = QueuePolicy()
        delayed.defaultTimeout = 2_000_000_001
        delayed.timeoutAction = .delay
        let queue = QueueRules(policies: [limited, delayed], defaultPriority: 2)
        #expect(
            RulesNote(queue: queue, batching: batching, priority: .normal).text(goal: nil)
                == "up to 500 µs for company; preferred sizes 8, 16; answers leave in the order of their requests; "
                + "2 priority levels, 2 unless a request says otherwise; at most 100 may wait at level 1; "
                + "those who have waited 1500 µs at level 1 are refused; "
                + "those who have waited 2000000001 ns at level 2 go behind the others"
        )
    }

    @Test func `levels with the same policy share a sentence`() {
        var policy = QueuePolicy()
        policy.maxSize = 9
        let batching = BatchRules()
        let all = QueueRules(policies: [QueuePolicy](repeating: policy, count: 1024), defaultPriority: 1)
        let note = RulesNote(queue: all, batching: batching, priority: .low)
        #expect(
            note.text(goal: nil) == "runs after other models; 1024 priority levels, 1 unless a request says otherwise; "
                + "at most 9 may wait"
        )
        let some = QueueRules(policies: [QueuePolicy(), policy, policy, QueuePolicy()], defaultPriority: 1)
        let text = RulesNote(queue: some, batching: batching, priority: .normal).text(goal: nil)
        #expect(text.hasSuffix("at most 9 may wait at levels 2 to 3"))
    }
}
