internal import ApusCore

/// Who waits for the run of a flight, as far as the flight's rules go.
protocol FlightMember: AnyObject, Sendable {
    /// When it stops waiting; `nil` for never.
    var deadline: MonotonicTime? { get }
}

/// Which answers are remembered, which runs are under way and who waits for them.
///
/// Pure: no lock, thread or clock; `ResponseCache` holds it in a mutex. A run that is under way is a *flight*: requests
/// that are equal to the one that began it join it instead of running themselves. The outcome of a run is counted by
/// the one that made it, for one of its members; which one is said here, so that each request counts exactly once.
struct ResponseCacheState<Answer: Sendable, Flight: AnyObject & Sendable, Member: FlightMember>: Sendable {
    /// An answer, and until when it may be given.
    private struct Remembered: Sendable {
        let answer: Answer
        let expires: MonotonicTime?
    }

    /// A member and its place in the order of arrival.
    private struct Seat: Sendable {
        let member: Member
        let number: UInt64
    }

    /// A run under way.
    private struct Run: Sendable {
        let flight: Flight
        var seats: [ObjectIdentifier: Seat]
        /// The seat of the member in whose name the run was asked for; `nil` when it has left.
        var asker: UInt64?
        /// What the asker came to that has left; counted unless the run's outcome turns out to be that.
        var departure: Departure?
    }

    /// How a member ended that left a flight before its run.
    struct Departure: Equatable, Sendable {
        /// The metric's reason.
        let reason: FailureReason
        /// From the request's first byte to its end.
        let nanoseconds: UInt64
    }

    /// What was found for a request.
    struct OnLookUp {
        /// The answer, if it is remembered.
        var answer: Answer?
        /// An answer that has become too old.
        var removed: Answer?
    }

    /// What a request without a remembered answer is to do.
    enum OnJoin {
        /// The answer came in between.
        case hit(Answer)
        /// It waits for a run under way.
        case joins
        /// It begins a run.
        case leads
    }

    /// What a request that is called back is to do.
    enum OnLeave: Equatable {
        /// Nothing: it has been answered.
        case isOver
        /// It is answered and counted; others wait on.
        case othersWait
        /// It is answered; its departure is counted with the end of the run.
        case askerLeft
        /// It is answered; the run, which nobody wants any more, is called back and counts it. The one that had asked for
        /// the run and left before is counted now.
        case isLast(Flight, Departure?)

        static func == (left: OnLeave, right: OnLeave) -> Bool {
            switch (left, right) {
            case (.isOver, .isOver), (.othersWait, .othersWait), (.askerLeft, .askerLeft): true
            case (.isLast(let left, let departure), .isLast(let right, let other)):
                left === right && departure == other
            default: false
            }
        }
    }

    /// Who is to be answered at the end of a run.
    struct OnEnd {
        /// In the order of their arrival; the run's outcome was counted for the first.
        var members: [Member] = []
        /// A member that has left and is yet to be counted.
        var departure: Departure?
        /// Answers that had to go.
        var removed: [Answer] = []
    }

    /// What follows from a run that was refused for want of room or time.
    struct OnRefusal {
        /// They are refused with it.
        var refused: [Member] = []
        /// Whether the refusal was counted for the first of them.
        var countsFirst = false
        /// In its name the run is asked for once more: it has more time than the one that was refused.
        var asker: Member?
    }

    private var answers: LeastRecentlyUsed<ResponseKey, Remembered>
    private var runs: [ResponseKey: Run] = [:]
    private var seats: UInt64 = 0

    /// Starts with nothing remembered.
    ///
    /// - Parameter byteLimit: The most bytes of all answers together; 0 to remember none.
    init(byteLimit: Int) {
        answers = LeastRecentlyUsed(byteLimit: byteLimit)
    }

    /// Answers remembered now.
    var count: Int { answers.count }
    /// Bytes that they take.
    var byteCount: Int { answers.byteCount }
    /// Runs under way.
    var flights: Int { runs.count }

    /// A request has come.
    mutating func lookUp(_ key: ResponseKey, now: MonotonicTime) -> OnLookUp {
        guard let found = answers.use(key) else { return OnLookUp() }
        guard let expires = found.expires, expires <= now else { return OnLookUp(answer: found.answer) }
        return OnLookUp(removed: answers.remove(key)?.answer)
    }

    /// A request whose answer wasn't remembered wants it all the same.
    ///
    /// - Parameters:
    ///   - key: What it asks.
    ///   - member: Who asks.
    ///   - flight: The run, should it have to be made.
    ///   - now: The time.
    /// - Returns: What the member does.
    mutating func join(_ key: ResponseKey, _ member: Member, flight: Flight, now: MonotonicTime) -> OnJoin {
        let id = ObjectIdentifier(member)
        seats &+= 1
        let seat = Seat(member: member, number: seats)
        if runs[key] != nil {
            runs[key]?.seats[id] = seat
            return .joins
        }
        // Only a run puts answers in, and before it is over: here there is one only if a run has just ended.
        if let answer = lookUp(key, now: now).answer { return .hit(answer) }
        runs[key] = Run(flight: flight, seats: [id: seat], asker: seat.number)
        return .leads
    }

    /// A member is called back.
    mutating func leave(_ key: ResponseKey, _ member: Member, as departure: Departure) -> OnLeave {
        let id = ObjectIdentifier(member)
        guard let index = runs.index(forKey: key), let seat = runs.values[index].seats.removeValue(forKey: id) else {
            return .isOver
        }
        guard !runs.values[index].seats.isEmpty else {
            let run = runs.remove(at: index).value
            return .isLast(run.flight, run.departure)
        }
        guard runs.values[index].asker == seat.number else { return .othersWait }
        runs.values[index].asker = nil
        runs.values[index].departure = departure
        return .askerLeft
    }
}

extension ResponseCacheState {
    /// A run has ended; its answer, if it has one that is worth it, is remembered.
    ///
    /// - Parameters:
    ///   - key: What was asked.
    ///   - flight: The run.
    ///   - answer: The answer and its bytes; `nil` for none that could be remembered.
    ///   - expires: When it becomes too old.
    /// - Returns: Who is to be answered; nobody when all had left before.
    mutating func ended(
        _ key: ResponseKey,
        _ flight: Flight,
        answer: (value: Answer, byteCount: Int)?,
        expires: MonotonicTime?
    ) -> OnEnd {
        guard let run = runs[key], run.flight === flight else { return OnEnd() }
        runs[key] = nil
        var end = OnEnd(members: Self.ordered(run), departure: run.departure)
        if let answer {
            let remembered = Remembered(answer: answer.value, expires: expires)
            end.removed = answers.insert(remembered, for: key, byteCount: answer.byteCount).removed.map(\.answer)
        }
        return end
    }

    /// A run was refused, before it began, for want of room or time.
    ///
    /// That is the fault of the one in whose name it was asked for: members that have more time get another try.
    ///
    /// - Parameters:
    ///   - key: What was asked.
    ///   - flight: The run.
    ///   - deadline: What the run was given; `nil` for all the time there is.
    /// - Returns: Who is refused, and in whose name the run is to be asked for again.
    mutating func refused(_ key: ResponseKey, _ flight: Flight, deadline: MonotonicTime?) -> OnRefusal {
        guard let run = runs[key], run.flight === flight else { return OnRefusal() }
        let hasMoreTime = { (seat: Seat) in
            guard let deadline else { return false }
            return seat.member.deadline.map { $0 > deadline } ?? true
        }
        let patient = run.seats.filter { hasMoreTime($0.value) }
        var refusal = OnRefusal(refused: Self.ordered(run).filter { patient[ObjectIdentifier($0)] == nil })
        refusal.countsFirst = run.departure == nil
        let asker = patient.values.max { left, right in
            let (sooner, later) = (left.member.deadline ?? .distantFuture, right.member.deadline ?? .distantFuture)
            return sooner == later ? left.number > right.number : sooner < later
        }
        guard let asker else {
            runs[key] = nil
            return refusal
        }
        runs[key] = Run(flight: flight, seats: patient, asker: asker.number)
        refusal.asker = asker.member
        return refusal
    }

    /// A version is unloaded: forgets what it answered, a bounded part at a time.
    ///
    /// - Parameters:
    ///   - owner: The version's number.
    ///   - start: Where to begin: 0, then what the last call returned.
    /// - Returns: What was forgotten, and where to go on; `nil` at the end.
    mutating func unload(owner: UInt64, from start: Int) -> (removed: [Answer], next: Int?) {
        let (removed, next) = answers.removeSome(from: start, limit: 1024) { $0.owner == owner }
        return (removed.map(\.answer), next)
    }

    /// The members by arrival, the asker first.
    private static func ordered(_ run: Run) -> [Member] {
        guard run.seats.count > 1 else { return run.seats.values.map(\.member) }
        return run.seats.values.sorted { left, right in
            if left.number == run.asker || right.number == run.asker { return left.number == run.asker }
            return left.number < right.number
        }.map(\.member)
    }
}

extension MonotonicTime {
    /// Later than every deadline.
    fileprivate static let distantFuture = MonotonicTime(nanoseconds: .max)
}
