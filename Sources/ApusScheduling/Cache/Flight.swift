internal import ApusCore
internal import Synchronization

/// One run that any number of equal requests wait for: the sink that the scheduler answers to.
///
/// It is its own lane: an answer from an engine thread is put into the cache there and then goes to the lanes of those
/// who wait, without a detour over the event loop of the one who came first.
final class Flight: AnswerSink, CompletionLane {
    /// How a run is called back.
    enum CallBack {
        /// Its last member's deadline has passed.
        case expired
        /// Its last member doesn't wait any more.
        case cancelled
    }

    private struct State {
        /// Runs asked for so far: more than one after a refusal.
        var runs = 0
        /// Calls the last of them back; points at this flight in turn, so it stays here only while that run is under way.
        var handle = CancellationHandle.finished
        var callBack: CallBack?
        var isOver = false
        var answer: HandOver<InferenceAnswer>?
        /// The request of whose name the run is made: its id, its time, its lane.
        var id = ""
        var deadline: MonotonicTime?
        var askerLane: any CompletionLane

        /// The outcome has come; what is returned is to be let go outside the lock.
        mutating func end() -> CancellationHandle {
            isOver = true
            return letRunGo()
        }

        /// The last run has ended: its handle is of no use, and one that is still on its way here isn't kept.
        mutating func letRunGo() -> CancellationHandle {
            runs += 1
            defer { handle = .finished }
            return handle
        }
    }

    let key: ResponseKey
    private let front: CachingFront
    private let inputs: [NamedTensor]
    private let requestedOutputs: [String]
    private let parameters: [String: ParameterValue]
    private let operation: Operation
    private let state: Mutex<State>

    /// Notes what it takes to make the run once more.
    init(_ request: borrowing InferenceRequest, key: ResponseKey, lane: any CompletionLane, front: CachingFront) {
        self.key = key
        self.front = front
        self.inputs = request.inputs
        self.requestedOutputs = request.requestedOutputs
        self.parameters = request.parameters
        self.operation = request.operation
        self.state = Mutex(State(askerLane: lane))
    }

    var lane: any CompletionLane { self }
    var demand: Int { 1 }
    /// Whether the run may be made on the calling thread.
    var isCurrent: Bool { state.withLock { $0.askerLane }.isCurrent }

    func deliver(_ deliveries: [any Delivery]) {
        for delivery in deliveries { delivery.carryOut() }
    }

    /// Has the run made in a member's name.
    func begin(_ request: consuming InferenceRequest, for member: FlightRequest) {
        let run = state.withLock { state in
            state.id = member.id
            state.deadline = member.deadline
            state.askerLane = member.sink.lane
            state.runs += 1
            return state.runs
        }
        let handle = front.next.submit(request, to: self)
        let callBack: CallBack? = state.withLock { state in
            // It may have been refused meanwhile, and another one begun.
            guard state.runs == run, !state.isOver else { return nil }
            state.handle = handle
            return state.callBack
        }
        // All members have left while it was on its way.
        if let callBack { handle.carryOut(callBack) }
    }

    /// Has the run made once more, in the name of a member that has more time than the one that it was refused to.
    private func beginAgain(for member: FlightRequest, lease: consuming Lease) {
        var timings = RequestTimings(received: member.received)
        timings.queued = member.queued
        var request = InferenceRequest(inputs: inputs, timings: timings, lease: lease)
        request.id = member.id
        request.operation = operation
        request.caller = member.caller
        request.requestedOutputs = requestedOutputs
        request.parameters = parameters
        request.priority = member.priority
        request.deadline = Deadline(time: member.deadline)
        begin(request, for: member)
    }

    /// Nobody waits for the run any more.
    func callBack(_ reason: CallBack) {
        let handle = state.withLock { state in
            state.callBack = reason
            return state.handle
        }
        handle.carryOut(reason)
    }

    /// Whether the outcome has come.
    var isOver: Bool { state.withLock { $0.isOver } }

    func receive(_ answer: consuming InferenceAnswer) {
        let box = HandOver(answer)
        state.withLock { $0.answer = box }
    }

    func finish(_ end: AnswerEnd) {
        switch end {
        case .success:
            let (box, _) = state.withLock { state in (state.answer.take(), state.end()) }
            if let answer = box?.take() {
                front.ended(self, with: answer)
            } else {
                front.failed(self, with: InferenceError(.internalFailure, "the model gave no answer"))
            }
        case .failure(let error):
            fail(with: error)
        }
    }

    private func fail(with error: InferenceError) {
        let (id, deadline, _) = state.withLock { ($0.id, $0.deadline, $0.letRunGo()) }
        let plain = Scheduler.unprefixed(error, id: id)
        let isRefusal = error.code == .unavailable && error.cause == nil
        var lease: Lease?
        if isRefusal, let member = front.refused(self, with: plain, deadline: deadline, lease: &lease),
            let lease = lease.take()
        {
            beginAgain(for: member, lease: lease)
        } else {
            _ = state.withLock { $0.end() }
            if !isRefusal { front.failed(self, with: plain) }
        }
    }
}

extension CancellationHandle {
    fileprivate func carryOut(_ callBack: Flight.CallBack) {
        switch callBack {
        case .expired: expire()
        case .cancelled: cancel()
        }
    }
}
