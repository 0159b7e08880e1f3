internal import ApusCore
internal import DequeModule
internal import HeapModule

/// Which sequences there are, which of them may run, and what each has waiting.
///
/// Requests of one sequence run one after the other, in the order in which they came. A sequence holds a slot from its
/// first run to its end; new ones wait for a slot in the order in which they began. What a run made of a sequence's state
/// is kept with it. Pure: no lock, no clock, no tensor is looked at.
///
/// - `Request` is what the owner keeps of a request.
/// - `Hold` is what a sequence keeps alive; the owner lets it go outside its lock.
struct SequenceStateMachine<Request: Sendable, Hold: Sendable>: Sendable {
    private struct Alarm: Comparable, Sendable {
        let time: MonotonicTime
        let key: Key

        static func < (lhs: Alarm, rhs: Alarm) -> Bool { lhs.time < rhs.time }
        static func == (lhs: Alarm, rhs: Alarm) -> Bool { lhs.time == rhs.time }
    }

    let rules: SequenceRules
    /// Requests that wait.
    private(set) var waiting = 0
    /// Bytes of all states.
    private(set) var stateBytes = 0
    /// Sequences that have a slot.
    private(set) var slotsInUse = 0
    private var sequences: [SequencePosition.ID: Sequence] = [:]
    /// New sequences that wait for a slot; some of them may be gone.
    private var backlog = Deque<Key>()
    private var goneFromBacklog = 0
    /// At most one for each sequence; some of them may be gone.
    private var alarms = Heap<Alarm>()
    private var goneAlarms = 0
    private var nextNumber: UInt64 = 0
    /// Nothing is kept for later requests any more.
    private var isClosed = false

    init(rules: SequenceRules) {
        self.rules = rules
    }

    /// Sequences that are known.
    var count: Int { sequences.count }
    /// Alarms that are set, those of sequences that are gone among them.
    var alarmCount: Int { alarms.count }
}

extension SequenceStateMachine {
    /// A request has come.
    ///
    /// - Parameters:
    ///   - request: What the owner keeps of it.
    ///   - position: Its place.
    ///   - hold: What a sequence that begins with it keeps alive; `nil` when it is no start.
    /// - Returns: Whether it runs, waits or is refused.
    mutating func requestArrived(_ request: Request, at position: SequencePosition, hold: Hold?) -> OnArrival {
        let known = sequences[position.id]
        guard position.isStart || known.map({ !$0.isClosing }) ?? false else { return .refused(.needsStart) }
        guard waiting < rules.maxWaiting, known.map({ $0.queue.count < rules.maxWaitingEach }) ?? true else {
            return .refused(.tooManyRequests)
        }
        var sequence: Sequence
        if let known {
            sequence = known
        } else {
            guard let hold else { return .refused(.needsStart) }
            guard sequences.count < rules.maxSequences else { return .refused(.tooManySequences) }
            sequence = Sequence(number: makeNumber(), hold: hold)
            enter(&sequence, id: position.id)
        }
        let entry = Entry(
            request: request,
            number: makeNumber(),
            isStart: position.isStart || sequence.startsNext,
            isEnd: position.isEnd
        )
        sequence.startsNext = false
        sequence.isClosing = position.isEnd
        defer { sequences[position.id] = sequence }
        if sequence.hasSlot, !sequence.isRunning {
            return .runs(begin(entry, of: &sequence, id: position.id))
        }
        sequence.queue.append(entry)
        waiting += 1
        return .waits(Ticket(key: Key(id: position.id, number: sequence.number), number: entry.number))
    }

    /// A request has been answered: its sequence has begun, and this is its state now; `nil` behind the last answer, and
    /// for models without one.
    mutating func answered(_ key: Key, state: SequenceState?) -> OnAnswer {
        guard var sequence = sequences[key.id], sequence.number == key.number else {
            return OnAnswer(isKept: true, replaced: nil)
        }
        guard let state else {
            // The last answer: its room is free before a client has it, and may want to begin the next sequence.
            stateBytes -= sequence.state?.byteCount ?? 0
            let replaced = sequence.state.take()
            sequence.isFresh = false
            sequences[key.id] = sequence
            return OnAnswer(isKept: true, replaced: replaced)
        }
        let bytes = stateBytes - (sequence.state?.byteCount ?? 0) + state.byteCount
        guard bytes <= rules.maxStateBytes else { return OnAnswer(isKept: false, replaced: nil) }
        stateBytes = bytes
        let replaced = sequence.state
        sequence.state = state
        sequence.isFresh = false
        sequences[key.id] = sequence
        return OnAnswer(isKept: true, replaced: replaced)
    }

    /// A request has ended, answered or not.
    mutating func requestEnded(_ key: Key, isLast: Bool, now: MonotonicTime) -> OnChange {
        var change = OnChange()
        if var sequence = sequences[key.id], sequence.number == key.number {
            sequence.isRunning = false
            if isLast || (sequence.isClosing && sequence.queue.isEmpty) {
                leave(sequence, id: key.id, change: &change)
            } else if let next = sequence.queue.popFirst() {
                waiting -= 1
                change.turns.append(begin(next, of: &sequence, id: key.id))
                sequences[key.id] = sequence
            } else if isClosed {
                remove(sequence, id: key.id, change: &change)
            } else {
                sequence.idleSince = now
                arm(&sequence, key: key)
                sequences[key.id] = sequence
            }
        }
        fillSlots(&change)
        change.wakeAt = alarms.min?.time
        return change
    }

    /// A request that waits has been called back.
    ///
    /// What it had to say of the sequence's start goes to the next one.
    ///
    /// - Returns: `nil` when it doesn't wait any more.
    mutating func requestWithdrawn(_ ticket: Ticket) -> OnChange? {
        let id = ticket.key.id
        guard var sequence = sequences[id], sequence.number == ticket.key.number,
            let place = sequence.queue.firstIndex(where: { $0.number == ticket.number })
        else { return nil }
        let entry = sequence.queue.remove(at: place)
        waiting -= 1
        if entry.isStart {
            if place < sequence.queue.endIndex {
                sequence.queue[place].isStart = true
            } else {
                sequence.startsNext = !sequence.isClosing
            }
        }
        var change = OnChange()
        if sequence.queue.isEmpty, !sequence.isRunning {
            remove(sequence, id: id, change: &change)
            fillSlots(&change)
        } else {
            sequences[id] = sequence
        }
        return change
    }

    /// No further requests will come: a sequence is over as soon as it has nothing to do.
    mutating func close() -> OnChange {
        isClosed = true
        var change = OnChange()
        for (id, sequence) in sequences where !sequence.isRunning && sequence.queue.isEmpty {
            remove(sequence, id: id, change: &change)
        }
        // Those who have waited for the slots that are free now are to be answered before the end.
        fillSlots(&change)
        return change
    }

    /// Time has passed: sequences that have been idle for too long are gone.
    mutating func timePassed(now: MonotonicTime) -> OnChange {
        var change = OnChange()
        while let alarm = alarms.min, alarm.time <= now {
            alarms.removeMin()
            guard var sequence = sequences[alarm.key.id], sequence.number == alarm.key.number else {
                goneAlarms = max(0, goneAlarms - 1)
                continue
            }
            sequence.hasAlarm = false
            if !sequence.isRunning, sequence.queue.isEmpty {
                if end(of: sequence) <= now {
                    remove(sequence, id: alarm.key.id, change: &change)
                    continue
                }
                arm(&sequence, key: alarm.key)
            }
            sequences[alarm.key.id] = sequence
        }
        fillSlots(&change)
        change.wakeAt = alarms.min?.time
        return change
    }
}

extension SequenceStateMachine {
    private mutating func makeNumber() -> UInt64 {
        nextNumber &+= 1
        return nextNumber
    }

    /// Gives a new sequence a slot, or a place in the backlog.
    private mutating func enter(_ sequence: inout Sequence, id: SequencePosition.ID) {
        if slotsInUse < rules.slots {
            slotsInUse += 1
            sequence.hasSlot = true
        } else {
            backlog.append(Key(id: id, number: sequence.number))
        }
    }

    private mutating func begin(_ entry: Entry, of sequence: inout Sequence, id: SequencePosition.ID) -> Turn {
        sequence.isRunning = true
        if entry.isStart {
            stateBytes -= sequence.state?.byteCount ?? 0
            sequence.state = nil
            sequence.isFresh = true
        }
        return Turn(
            key: Key(id: id, number: sequence.number),
            request: entry.request,
            isFirst: sequence.isFresh,
            isLast: entry.isEnd,
            state: sequence.state
        )
    }

    /// A sequence is over: it goes, or, when its id has begun anew meanwhile, waits for a slot like others that begin.
    private mutating func leave(_ sequence: Sequence, id: SequencePosition.ID, change: inout OnChange) {
        guard !sequence.queue.isEmpty else { return remove(sequence, id: id, change: &change) }
        var next = sequence
        stateBytes -= sequence.state?.byteCount ?? 0
        next.state = nil
        next.isFresh = true
        next.hasSlot = false
        slotsInUse -= 1
        sequences[id] = next
        backlog.append(Key(id: id, number: next.number))
    }

    private mutating func remove(_ sequence: Sequence, id: SequencePosition.ID, change: inout OnChange) {
        sequences[id] = nil
        stateBytes -= sequence.state?.byteCount ?? 0
        change.ended.append(sequence)
        if sequence.hasSlot {
            slotsInUse -= 1
        } else {
            goneFromBacklog += 1
            if goneFromBacklog > 16 + backlog.count / 2 { sweepBacklog() }
        }
        if sequence.hasAlarm {
            goneAlarms += 1
            if goneAlarms > 16 + alarms.count / 2 { sweepAlarms() }
        }
    }

    private mutating func sweepBacklog() {
        let sequences = sequences
        backlog.removeAll { sequences[$0.id]?.number != $0.number }
        goneFromBacklog = 0
    }

    private mutating func sweepAlarms() {
        let sequences = sequences
        alarms = Heap(alarms.unordered.filter { sequences[$0.key.id]?.number == $0.key.number })
        goneAlarms = 0
    }

    private mutating func fillSlots(_ change: inout OnChange) {
        while slotsInUse < rules.slots, let key = backlog.popFirst() {
            guard var sequence = sequences[key.id], sequence.number == key.number else {
                goneFromBacklog = max(0, goneFromBacklog - 1)
                continue
            }
            guard let first = sequence.queue.popFirst() else { continue }
            waiting -= 1
            slotsInUse += 1
            sequence.hasSlot = true
            change.turns.append(begin(first, of: &sequence, id: key.id))
            sequences[key.id] = sequence
        }
    }

    private func end(of sequence: Sequence) -> MonotonicTime {
        sequence.idleSince.advanced(byNanoseconds: rules.idle)
    }

    private mutating func arm(_ sequence: inout Sequence, key: Key) {
        guard !sequence.hasAlarm else { return }
        sequence.hasAlarm = true
        alarms.insert(Alarm(time: end(of: sequence), key: key))
    }
}
