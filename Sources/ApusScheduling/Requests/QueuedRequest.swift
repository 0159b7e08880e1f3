internal import ApusCore
internal import Synchronization

/// A request that waits for an instance or runs on an engine thread.
///
/// It is ended exactly once, by whoever comes first: a run, its deadline, its caller. Called back while it runs, it is
/// answered at once; what it holds (lease, tensors, bytes of the budget) it holds until the engine has let go.
final class QueuedRequest: CancellableRequest, Delivery {
    private enum Phase {
        case waiting
        case running
        /// The run of its last rows is answering it, and takes the request for that.
        case answering
        /// Ended otherwise: whoever is the last to need what it holds lets it go.
        case ended

        var isOver: Bool { self == .answering || self == .ended }
    }

    private struct State {
        var phase = Phase.waiting
        /// Its places in the queue; more than one when some of its rows wait to run once more.
        var tickets = ShortList<RequestTicket>()
        /// Instances that were lost while they ran it.
        var deaths = 0
        var number: UInt64?
        /// Runs that have some of its rows; more than one when it was split.
        var batches = ShortList<RunningBatch>()
        var pieces = ShortList<Piece>()
        /// Whether its rows are not run apart any more.
        var isWhole = false
        /// What it is answered with, until it is.
        var outputs: RunOutputs?

        /// Takes a run off the list; `false` for one that nothing is expected of any more.
        mutating func remove(_ batch: RunningBatch) -> Bool {
            batches.removeFirstMatch { $0 === batch }
        }

        /// Notes that it has been ended otherwise; what is returned is to be let go outside the lock.
        mutating func end() -> (others: ShortList<RunningBatch>, pieces: ShortList<Piece>) {
            phase = .ended
            defer { pieces = ShortList() }
            return (batches, pieces)
        }
    }

    /// The outputs for some of its rows.
    struct Piece {
        let rows: Range<Int>
        let outputs: [Tensor]
    }

    /// The outputs of a run that had all of its rows.
    struct RunOutputs {
        /// What of them belongs to the request.
        enum Share {
            case all
            /// These rows, first dimension first.
            case rows(Range<Int>)
        }

        /// Those of the whole run.
        let tensors: [Tensor]
        /// What of them is the request's.
        let share: Share
        /// Its stations, the last included.
        let timings: RequestTimings
    }

    let call: ValidatedCall
    let keys: CallKeys
    var rows: Int { keys.rows }
    let sink: any AnswerSink
    let id: String
    /// Its stations up to the queue.
    let timings: RequestTimings
    var received: MonotonicTime { timings.received }
    /// Its place among the priorities.
    let level: Int
    /// When nobody wants its answer any more.
    let deadline: MonotonicTime?
    /// Its place among all requests; `nil` where no order is kept.
    var number: UInt64? { scheduler.keepsOrder ? state.withLock { $0.number } : nil }
    private let scheduler: Scheduler
    /// The request itself until somebody answers it.
    private let request: Mutex<InferenceRequest?>
    private let state = Mutex(State())

    init(
        request: consuming InferenceRequest,
        call: ValidatedCall,
        keys: CallKeys,
        sink: any AnswerSink,
        level: Int,
        scheduler: Scheduler
    ) {
        self.level = level
        self.deadline = request.deadline.time
        self.id = request.id
        self.timings = request.timings
        self.request = Mutex(request)
        self.call = call
        self.keys = keys
        self.sink = sink
        self.scheduler = scheduler
    }

    /// Notes its place in the queue, and among all requests where order is kept.
    func joined(_ ticket: RequestTicket, number: UInt64?) {
        state.withLock { state in
            state.tickets.append(ticket)
            state.number = number
        }
    }

    /// Notes that it stands in the queue once more; `false` when it has been ended on its way there.
    func rejoined(_ ticket: RequestTicket) -> Bool {
        state.withLock { state in
            guard !state.phase.isOver else { return false }
            state.tickets.append(ticket)
            return true
        }
    }

    /// Notes that an instance was lost on its event loop.
    ///
    /// - Parameter number: Its place among all requests, where order is kept.
    func sawDeathInline(number: UInt64?) {
        state.withLock { state in
            state.deaths += 1
            state.number = number
        }
    }

    /// A run takes some of its rows; `false` when it was called back on the way, or is run whole now.
    func begin(_ batch: RunningBatch, rows: Range<Int>) -> Bool {
        state.withLock { state in
            guard !state.phase.isOver, !state.isWhole || rows == 0..<self.rows else { return false }
            state.phase = .running
            state.batches.append(batch)
            batch.join()
            return true
        }
    }

    /// A run has computed some of its rows.
    ///
    /// - Returns: All pieces, in any order, when this was the last one: then the caller answers. `nil` when rows are
    ///   missing or it has been ended otherwise.
    func completed(_ piece: Piece, by batch: RunningBatch) -> ShortList<Piece>? {
        state.withLock { state in
            guard state.remove(batch), state.phase == .running else { return nil }
            state.pieces.append(piece)
            guard state.pieces.reduce(0, { $0 + $1.rows.count }) >= rows else { return nil }
            state.phase = .answering
            // They belong to the answer: whoever still has the request's handle keeps no outputs alive.
            defer { state.pieces = ShortList() }
            return state.pieces
        }
    }

    /// A run has computed all of its rows at once.
    ///
    /// - Returns: Whether it is to be delivered now; `false` when it has been ended otherwise.
    func completed(_ outputs: RunOutputs, by batch: RunningBatch) -> Bool {
        state.withLock { state in
            guard state.remove(batch), state.phase == .running else { return false }
            state.phase = .answering
            state.outputs = outputs
            return true
        }
    }

    /// A run of some of its rows has failed.
    ///
    /// Runs of its other rows are called back with it.
    ///
    /// - Returns: Whether the caller is to answer.
    func failed(in batch: RunningBatch) -> Bool {
        let ended = state.withLock { state -> (others: ShortList<RunningBatch>, pieces: ShortList<Piece>)? in
            guard state.remove(batch), state.phase == .running else { return nil }
            return state.end()
        }
        guard let ended else { return false }
        if rows > 1 { scheduler.removeFromQueue(self) }
        for other in ended.others { other.leave() }
        return true
    }

    /// Leaves a run that is repeated with fewer requests; `false` when it has been ended meanwhile.
    func leave(_ batch: RunningBatch) -> Bool {
        state.withLock { $0.remove(batch) && $0.phase == .running }
    }

    /// The rows of a run's answer can't be told apart: it is to be run whole, by the caller.
    ///
    /// Runs of its other rows are called back, and what they have come to is forgotten. They read copies of its rows, so
    /// nobody needs to wait for them.
    ///
    /// - Returns: `false` when it has been ended meanwhile, or somebody else does it already.
    func gathersItself(in batch: RunningBatch) -> Bool {
        let others: ShortList<RunningBatch>? = state.withLock { state in
            guard state.remove(batch), state.phase == .running else { return nil }
            defer { state.batches = ShortList() }
            state.isWhole = true
            state.pieces = ShortList()
            return state.batches
        }
        guard let others else { return false }
        scheduler.removeFromQueue(self)
        for other in others { other.leave() }
        return true
    }

    /// An instance was lost while it ran some of its rows.
    ///
    /// - Returns: How many instances it has seen die; `nil` when it has been ended meanwhile.
    func sawDeath(in batch: RunningBatch) -> Int? {
        state.withLock { state in
            guard state.remove(batch), state.phase == .running else { return nil }
            state.deaths += 1
            return state.deaths
        }
    }

    /// Ends it for the caller, who tells it so; runs of its other rows are called back.
    ///
    /// - Returns: Whether it was still wanted.
    func giveUp() -> Bool {
        let ended = state.withLock { $0.phase.isOver ? nil : $0.end() }
        guard let ended else { return false }
        scheduler.removeFromQueue(self)
        for other in ended.others { other.leave() }
        return true
    }

    /// Lets go of what the request holds, if it has been ended and no run reads its memory any more.
    func letGo() {
        let isOver = state.withLock { $0.phase == .ended && $0.batches.isEmpty }
        if isOver { _ = takeRequest() }
    }

    /// Takes the request itself, to answer it or to let it go.
    func takeRequest() -> InferenceRequest? {
        request.withLock { $0.take() }
    }

    /// Takes what it is answered with.
    func takeOutputs() -> RunOutputs? {
        state.withLock { $0.outputs.take() }
    }

    /// What one of the outputs that it asked for is called.
    func outputName(_ place: Int) -> String { scheduler.outputName(call.outputs[place]) }

    /// Puts the request back that was taken for a run, because it is to run once more.
    func giveBack(_ request: consuming InferenceRequest) {
        var request: InferenceRequest? = request
        self.request.withLock { swap(&$0, &request) }
    }

    /// Its places in the queue, for those who take it out.
    var tickets: ShortList<RequestTicket> { state.withLock { $0.tickets } }

    func cancel() {
        end(with: InferenceError(.cancelled, "the request was cancelled: nobody waits for its answer"))
    }

    func expire() {
        end(with: Scheduler.expired)
    }

    /// Ends it without an answer of the model, wherever it is.
    func end(with error: InferenceError) {
        let (ended, isAnswering) = state.withLock { state in
            (state.phase.isOver ? nil : state.end(), state.phase == .answering)
        }
        guard let ended else {
            // Ended otherwise, it is told by whoever did that.
            if isAnswering { scheduler.withdrawAnswer(of: self, because: error) }
            return
        }
        scheduler.removeFromQueue(self)
        for other in ended.others { other.leave() }
        // While it runs, the engine reads its memory: then the run's end lets it go.
        if ended.others.isEmpty { _ = takeRequest() }
        scheduler.answer(self, with: error)
    }
}
