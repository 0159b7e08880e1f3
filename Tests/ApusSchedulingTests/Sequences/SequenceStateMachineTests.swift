import ApusCore
import ApusTesting
import Testing

@testable import ApusScheduling

/// Requests are numbers; a hold is the name of what began the sequence.
private typealias Machine = SequenceStateMachine<Int, String>

struct SequenceStateMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000)

    private func machine(slots: Int = 2, change: (inout SequenceRules) -> Void = { _ in }) -> Machine {
        var rules = SequenceRules(slots: slots, idle: 100)
        change(&rules)
        return Machine(rules: rules)
    }

    private func position(_ id: UInt64, start: Bool = false, end: Bool = false) -> SequencePosition {
        SequencePosition(id: .number(id), isStart: start, isEnd: end)
    }

    private func state(_ value: Float, count: Int = 1) -> SequenceState? {
        SequenceState(copying: [Tensor(floats: [Float](repeating: value, count: count))])
    }

    @Test func `a request runs at once, the next one after it, with what it left`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        #expect(first.isFirst && !first.isLast && first.state == nil)
        let ticket = machine.requestArrived(2, at: position(1), hold: nil).ticket
        #expect(ticket != nil)
        #expect(machine.waiting == 1)
        _ = machine.answered(first.key, state: state(7))
        let change = machine.requestEnded(first.key, isLast: false, now: start)
        let second = try #require(change.turns.first)
        #expect(second.request == 2)
        #expect(!second.isFirst)
        #expect(second.state?.tensors[0].floats == [7])
        #expect(machine.waiting == 0)
    }

    @Test func `an id that has not begun is refused, and so is one that has ended`() throws {
        var machine = machine()
        #expect(machine.requestArrived(1, at: position(1), hold: nil).refusal == .needsStart)
        let only = try machine.turn(1, position(1, start: true, end: true))
        // Its end has been taken in, though it still runs.
        #expect(machine.requestArrived(2, at: position(1), hold: nil).refusal == .needsStart)
        let change = machine.requestEnded(only.key, isLast: true, now: start)
        #expect(change.ended.map(\.hold) == ["1"])
        #expect(machine.requestArrived(3, at: position(1), hold: nil).refusal == .needsStart)
        #expect(machine.count == 0)
        #expect(machine.slotsInUse == 0)
    }

    @Test func `new sequences wait for a slot in the order in which they began`() throws {
        var machine = machine(slots: 1)
        let first = try machine.turn(1, position(1, start: true))
        #expect(machine.requestArrived(2, at: position(2, start: true), hold: "2").ticket != nil)
        #expect(machine.requestArrived(3, at: position(3, start: true), hold: "3").ticket != nil)
        // The sequence with the slot keeps it between its requests.
        #expect(machine.requestEnded(first.key, isLast: false, now: start).turns.isEmpty)
        let last = try machine.turn(4, position(1, end: true))
        let change = machine.requestEnded(last.key, isLast: true, now: start)
        #expect(change.turns.map(\.request) == [2])
        #expect(machine.slotsInUse == 1)
    }

    @Test func `an idle sequence is gone after its time, and its slot goes to the next`() throws {
        var machine = machine(slots: 1)
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.requestArrived(2, at: position(2, start: true), hold: "2")
        // A request that runs for longer than the idle time is no idleness.
        #expect(machine.timePassed(now: MonotonicTime(nanoseconds: 5_000)).ended.isEmpty)
        let idleFrom = MonotonicTime(nanoseconds: 6_000)
        #expect(machine.requestEnded(first.key, isLast: false, now: idleFrom).wakeAt?.nanoseconds == 6_100)
        #expect(machine.timePassed(now: MonotonicTime(nanoseconds: 6_099)).ended.isEmpty)
        let change = machine.timePassed(now: MonotonicTime(nanoseconds: 6_100))
        #expect(change.ended.map(\.hold) == ["1"])
        #expect(change.turns.map(\.request) == [2])
        #expect(machine.requestArrived(3, at: position(1), hold: nil).refusal == .needsStart)
    }

    @Test func `each request puts the idle time off`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.requestEnded(first.key, isLast: false, now: start)
        let second = try machine.turn(2, position(1))
        _ = machine.requestEnded(second.key, isLast: false, now: MonotonicTime(nanoseconds: 1_050))
        let change = machine.timePassed(now: MonotonicTime(nanoseconds: 1_100))
        #expect(change.ended.isEmpty)
        #expect(change.wakeAt?.nanoseconds == 1_150)
        #expect(machine.timePassed(now: MonotonicTime(nanoseconds: 1_150)).ended.count == 1)
    }

    @Test func `a start on an id that is in use begins anew behind what waits`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.requestArrived(2, at: position(1), hold: nil)
        _ = machine.requestArrived(3, at: position(1, start: true), hold: "again")
        _ = machine.answered(first.key, state: state(1))
        let second = try #require(machine.requestEnded(first.key, isLast: false, now: start).turns.first)
        #expect(second.state?.tensors[0].floats == [1])
        _ = machine.answered(second.key, state: state(2))
        let third = try #require(machine.requestEnded(second.key, isLast: false, now: start).turns.first)
        #expect(third.isFirst)
        #expect(third.state == nil)
        #expect(machine.stateBytes == 0)
    }

    @Test func `the room of a state is free with the last answer, before its client has it`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.answered(first.key, state: state(1))
        #expect(machine.stateBytes > 0)
        _ = machine.requestEnded(first.key, isLast: false, now: start)
        let last = try machine.turn(2, position(1, end: true))
        let outcome = machine.answered(last.key, state: nil)
        #expect(outcome.isKept && outcome.replaced != nil)
        #expect(machine.stateBytes == 0)
        _ = machine.requestEnded(last.key, isLast: true, now: start)
        #expect(machine.stateBytes == 0)
    }

    @Test func `an id that begins anew behind its end waits its turn for a slot`() throws {
        var machine = machine(slots: 1)
        let first = try machine.turn(1, position(1, start: true, end: true))
        _ = machine.requestArrived(2, at: position(2, start: true, end: true), hold: "2")
        _ = machine.requestArrived(3, at: position(1, start: true), hold: "again")
        let change = machine.requestEnded(first.key, isLast: true, now: start)
        #expect(change.turns.map(\.request) == [2])
        let next = machine.requestEnded(try #require(change.turns.first).key, isLast: true, now: start)
        #expect(next.turns.map(\.request) == [3])
        #expect(next.turns.first?.isFirst == true)
    }

    @Test func `a failed request leaves the state of the one before, and a start that failed is told again`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.requestEnded(first.key, isLast: false, now: start)
        let second = try machine.turn(2, position(1))
        #expect(second.isFirst)
        _ = machine.answered(second.key, state: state(5))
        _ = machine.requestEnded(second.key, isLast: false, now: start)
        let third = try machine.turn(3, position(1))
        _ = machine.requestEnded(third.key, isLast: false, now: start)
        let fourth = try machine.turn(4, position(1))
        #expect(!fourth.isFirst)
        #expect(fourth.state?.tensors[0].floats == [5])
    }

    @Test func `a waiting request that is called back leaves the others in order`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        let second = try #require(machine.requestArrived(2, at: position(1), hold: nil).ticket)
        _ = machine.requestArrived(3, at: position(1), hold: nil)
        #expect(machine.requestWithdrawn(second)?.ended.isEmpty == true)
        #expect(machine.requestWithdrawn(second) == nil)
        #expect(machine.requestEnded(first.key, isLast: false, now: start).turns.map(\.request) == [3])
    }

    @Test func `a start that is called back is made by the next request`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.answered(first.key, state: state(1))
        let again = try #require(machine.requestArrived(2, at: position(1, start: true), hold: "again").ticket)
        _ = machine.requestWithdrawn(again)
        _ = machine.requestArrived(3, at: position(1), hold: nil)
        let next = try #require(machine.requestEnded(first.key, isLast: false, now: start).turns.first)
        #expect(next.isFirst)
        #expect(next.state == nil)
    }

    @Test func `an end that is called back ends the sequence all the same`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        let last = try #require(machine.requestArrived(2, at: position(1, end: true), hold: nil).ticket)
        _ = machine.requestWithdrawn(last)
        #expect(machine.requestEnded(first.key, isLast: false, now: start).ended.count == 1)
        #expect(machine.count == 0)
    }

    @Test func `a sequence whose only request is called back is gone`() throws {
        var machine = machine(slots: 1)
        let first = try machine.turn(1, position(1, start: true))
        for number in 0..<200 {
            let id = UInt64(10 + number)
            let ticket = try #require(machine.requestArrived(number, at: position(id, start: true), hold: "x").ticket)
            #expect(machine.requestWithdrawn(ticket)?.ended.count == 1)
        }
        #expect(machine.count == 1)
        _ = machine.requestArrived(9, at: position(9, start: true), hold: "9")
        #expect(machine.requestEnded(first.key, isLast: true, now: start).turns.map(\.request) == [9])
    }

    @Test func `sequences, waiting requests and state are bounded`() throws {
        var machine = machine(slots: 8) { rules in
            rules.maxSequences = 2
            rules.maxWaiting = 2
            rules.maxWaitingEach = 1
            rules.maxStateBytes = 8
        }
        let first = try machine.turn(1, position(1, start: true))
        let second = try machine.turn(2, position(2, start: true))
        #expect(machine.requestArrived(3, at: position(3, start: true), hold: "3").refusal == .tooManySequences)
        #expect(machine.requestArrived(4, at: position(1), hold: nil).ticket != nil)
        #expect(machine.requestArrived(5, at: position(1), hold: nil).refusal == .tooManyRequests)
        #expect(machine.requestArrived(6, at: position(2), hold: nil).ticket != nil)
        #expect(machine.requestArrived(7, at: position(2), hold: nil).refusal == .tooManyRequests)
        #expect(machine.answered(first.key, state: state(1)).isKept)
        #expect(!machine.answered(second.key, state: state(2, count: 2)).isKept)
        #expect(machine.answered(second.key, state: state(2)).isKept)
        #expect(machine.stateBytes == 8)
        #expect(machine.answered(second.key, state: state(3)).replaced?.tensors[0].floats == [2])
    }

    @Test func `once closed, a sequence is over when it has nothing to do`() throws {
        var machine = machine()
        let first = try machine.turn(1, position(1, start: true))
        let second = try machine.turn(2, position(2, start: true))
        _ = machine.requestEnded(first.key, isLast: false, now: start)
        #expect(machine.close().ended.map(\.hold) == ["1"])
        #expect(machine.requestEnded(second.key, isLast: false, now: start).ended.map(\.hold) == ["2"])
    }

    @Test func `when it is closed, sequences that waited for a slot get it`() throws {
        var machine = machine(slots: 1)
        let first = try machine.turn(1, position(1, start: true))
        _ = machine.requestArrived(2, at: position(2, start: true), hold: "2")
        _ = machine.requestArrived(3, at: position(3, start: true), hold: "3")
        _ = machine.requestEnded(first.key, isLast: false, now: start)
        let closed = machine.close()
        #expect(closed.ended.map(\.hold) == ["1"])
        #expect(closed.turns.map(\.request) == [2])
        let next = machine.requestEnded(try #require(closed.turns.first).key, isLast: false, now: start)
        #expect(next.ended.map(\.hold) == ["2"])
        #expect(next.turns.map(\.request) == [3])
    }

    @Test func `alarms of sequences that are gone don't pile up`() throws {
        var machine = machine(slots: 4)
        for number in 0..<10_000 as Range<UInt64> {
            let id = 100 + number
            let first = try machine.turn(1, position(id, start: true))
            _ = machine.requestEnded(first.key, isLast: false, now: start)
            let last = try machine.turn(2, position(id, end: true))
            _ = machine.requestEnded(last.key, isLast: true, now: start)
            #expect(machine.alarmCount < 64)
        }
        let idle = try machine.turn(3, position(1, start: true))
        #expect(machine.requestEnded(idle.key, isLast: false, now: start).wakeAt?.nanoseconds == 1_100)
        for number in 0..<100 as Range<UInt64> {
            let only = try machine.turn(4, position(200 + number, start: true))
            _ = machine.requestEnded(only.key, isLast: false, now: MonotonicTime(nanoseconds: 1_050))
            let last = try machine.turn(5, position(200 + number, end: true))
            _ = machine.requestEnded(last.key, isLast: true, now: MonotonicTime(nanoseconds: 1_060))
        }
        #expect(machine.timePassed(now: MonotonicTime(nanoseconds: 1_100)).ended.count == 1)
        #expect(machine.count == 0)
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `random schedules answer each request once and in order`(seed: UInt64) throws {
        var schedule = SequenceSchedule(seed: seed)
        schedule.run(steps: 3_000)
        #expect(schedule.faults == [], "seed \(seed)")
    }
}

extension SequenceStateMachine where Request == Int, Hold == String {
    /// A request that must run at once.
    fileprivate mutating func turn(_ request: Int, _ position: SequencePosition) throws -> Turn {
        guard case .runs(let turn) = requestArrived(request, at: position, hold: position.id.description) else {
            throw Missing()
        }
        return turn
    }
}

private struct Missing: Error {}

extension SequenceStateMachine.OnArrival {
    fileprivate var ticket: SequenceStateMachine.Ticket? {
        if case .waits(let ticket) = self { ticket } else { nil }
    }

    fileprivate var refusal: SequenceStateMachine.Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }
}
