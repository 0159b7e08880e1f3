import ApusCore
import ApusTesting

@testable import ApusScheduling

/// Random arrivals, ends, failures, call backs and pauses, half of them with a close, with what must hold after each.
struct SequenceSchedule {
    private typealias Machine = SequenceStateMachine<Int, Int>

    private(set) var faults: [String] = []
    private var random: SeededGenerator
    private var machine: Machine
    private var now = MonotonicTime(nanoseconds: 1_000)
    private var running: [Machine.Turn] = []
    private var waiting: [(ticket: Machine.Ticket, request: Int)] = []
    private var taken: Set<Int> = []
    private var done: Set<Int> = []
    private var lastBegun: [SequencePosition.ID: Int] = [:]
    private var nextRequest = 0

    init(seed: UInt64) {
        self.random = SeededGenerator(seed: seed)
        var rules = SequenceRules(slots: 3, idle: 50)
        rules.maxSequences = 8
        rules.maxWaitingEach = 6
        rules.maxStateBytes = 40
        self.machine = Machine(rules: rules)
    }

    /// Takes random steps, then lets everything come to its end.
    mutating func run(steps: Int) {
        let closing = Int.random(in: 0..<2 * steps, using: &random)
        for number in 0..<steps {
            if number == closing { note(machine.close()) }
            step()
        }
        // Idle sequences keep their slots until their time is over.
        for _ in 0..<steps where !running.isEmpty || !waiting.isEmpty {
            while let index = running.indices.first { end(index, succeeds: true) }
            now = now.advanced(byNanoseconds: 1_000)
            note(machine.timePassed(now: now))
        }
        if !waiting.isEmpty { faults.append("\(waiting.count) requests wait for ever") }
        now = now.advanced(byNanoseconds: 1_000)
        note(machine.timePassed(now: now))
        if machine.count != 0 { faults.append("\(machine.count) sequences are left") }
        if machine.slotsInUse != 0 || machine.stateBytes != 0 || machine.waiting != 0 {
            faults.append("left: \(machine.slotsInUse) slots, \(machine.stateBytes) bytes, \(machine.waiting) requests")
        }
        if done != taken { faults.append("\(taken.count) requests were taken, \(done.count) ended") }
    }

    private mutating func step() {
        now = now.advanced(byNanoseconds: Int64(Int.random(in: 0...8, using: &random)))
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<4: arrive()
        case 4..<8:
            if let index = running.indices.randomElement(using: &random) {
                end(index, succeeds: Int.random(in: 0..<4, using: &random) > 0)
            }
        case 8:
            if let index = waiting.indices.randomElement(using: &random) { withdraw(index) }
        default: note(machine.timePassed(now: now))
        }
        if machine.slotsInUse > machine.rules.slots { faults.append("more slots than there are") }
        if machine.stateBytes > machine.rules.maxStateBytes { faults.append("more state than there may be") }
        if machine.waiting != waiting.count { faults.append("\(machine.waiting) wait instead of \(waiting.count)") }
        let busy = Set(running.map(\.key))
        if machine.slotsInUse < machine.rules.slots, waiting.contains(where: { !busy.contains($0.ticket.key) }) {
            faults.append("a sequence waits although a slot is free")
        }
        if Set(running.map(\.key.id)).count != running.count { faults.append("a sequence runs twice at once") }
    }

    private mutating func arrive() {
        let id = SequencePosition.ID.number(UInt64.random(in: 1...10, using: &random))
        let isStart = Int.random(in: 0..<3, using: &random) == 0
        let position = SequencePosition(id: id, isStart: isStart, isEnd: Int.random(in: 0..<4, using: &random) == 0)
        nextRequest += 1
        switch machine.requestArrived(nextRequest, at: position, hold: isStart ? nextRequest : nil) {
        case .runs(let turn):
            taken.insert(nextRequest)
            begin(turn)
        case .waits(let ticket):
            taken.insert(nextRequest)
            waiting.append((ticket, nextRequest))
        case .refused: break
        }
    }

    private mutating func begin(_ turn: Machine.Turn) {
        if turn.isFirst != (turn.state == nil) { faults.append("\(turn.request): first without the initial state") }
        if lastBegun[turn.key.id, default: 0] >= turn.request { faults.append("\(turn.request) has been overtaken") }
        lastBegun[turn.key.id] = turn.request
        waiting.removeAll { $0.request == turn.request }
        running.append(turn)
    }

    private mutating func end(_ index: Int, succeeds: Bool) {
        let turn = running.remove(at: index)
        if succeeds {
            _ = machine.answered(turn.key, state: SequenceState(copying: [Tensor(floats: [Float(turn.request)])]))
        }
        finish(turn.request)
        note(machine.requestEnded(turn.key, isLast: turn.isLast, now: now))
    }

    private mutating func withdraw(_ index: Int) {
        let (ticket, request) = waiting.remove(at: index)
        guard let change = machine.requestWithdrawn(ticket) else {
            return faults.append("\(request) waits and can't be called back")
        }
        finish(request)
        note(change)
    }

    private mutating func finish(_ request: Int) {
        if !done.insert(request).inserted { faults.append("\(request) ended twice") }
    }

    private mutating func note(_ change: Machine.OnChange) {
        for turn in change.turns { begin(turn) }
    }
}
