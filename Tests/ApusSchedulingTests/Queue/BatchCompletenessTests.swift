import ApusCore
import Testing

@testable import ApusScheduling

/// What counts as a complete batch, where one is waited for.
struct BatchCompletenessTests {
    private let now = MonotonicTime(nanoseconds: 1)

    private func machine(levels: Int = 1) -> BatchingStateMachine<Int> {
        var rules = BatchingStateMachine<Int>.Rules()
        rules.batching.maxRows = 8
        rules.batching.preferredSizes = [4]
        rules.batching.maxDelay = 500
        rules.queue = QueueRules(
            policies: [QueuePolicy](repeating: QueuePolicy(), count: levels),
            defaultPriority: 1,
            isWritten: false
        )
        return BatchingStateMachine(rules: rules, isJoining: true)
    }

    private func started(_ entries: [QueueEntry<Int>], _ machine: inout BatchingStateMachine<Int>) -> Int? {
        var instance: Int?
        for entry in entries {
            if case .waits(_, let change) = machine.enqueue(entry, now: now) { instance = instance ?? change.instance }
        }
        return instance
    }

    private func entry(_ number: Int, level: Int = 0, bucket: UInt64 = 0) -> QueueEntry<Int> {
        QueueEntry(request: number, level: level, rows: 1, bucket: bucket, enqueued: now, deadline: nil)
    }

    @Test func `a request of another shape closes the batch, which takes its own rows only`() {
        var machine = machine()
        let alike = started([entry(0), entry(2)], &machine)
        #expect(alike == nil)
        let closed = started([entry(1, bucket: 1)], &machine)
        #expect(closed != nil)
        _ = started([entry(4), entry(3, bucket: 1)], &machine)
        let start = machine.instanceStarted(closed ?? 0, now: now)
        #expect(start.parts.map(\.request) == [0, 2, 4])
        // Those that are left are of one shape, and wait for others of it.
        #expect(start.change.instance == nil)
    }

    @Test func `rows of other priorities don't make a batch complete`() {
        var machine = machine(levels: 2)
        let mixed = (0..<6).map { entry($0, level: $0 % 2) }
        let instance = started(mixed, &machine)
        #expect(instance == nil)
        let later = machine.timePassed(now: now.advanced(byNanoseconds: 500))
        #expect(later.1.instance != nil)
    }

    @Test func `a request between two preferred sizes runs whole`() {
        var machine = machine()
        let large = QueueEntry(request: 0, level: 0, rows: 7, bucket: 0, enqueued: now, deadline: nil)
        let instance = started([large], &machine)
        #expect(instance != nil)
        let start = machine.instanceStarted(instance ?? 0, now: now)
        #expect(start.parts.map(\.rows) == [0..<7])
        #expect(machine.waiting == 0)
    }
}
