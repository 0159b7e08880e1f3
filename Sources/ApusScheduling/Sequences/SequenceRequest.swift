internal import ApusCore
internal import Synchronization

/// A request of a sequence, from its arrival to its end.
final class SequenceRequest: CancellableRequest {
    private enum CallBack {
        case cancel
        case expire
    }

    private enum Phase {
        case waiting
        case running(CancellationHandle)
        case ended
    }

    private struct State {
        var phase = Phase.waiting
        var ticket: SequenceFront.Machine.Ticket?
        /// A call back that came before the scheduler had the request.
        var calledBack: CallBack?
    }

    let id: String
    let sink: any AnswerSink
    /// Outputs that the client asked for; empty for all.
    let requestedOutputs: [String]
    private let request: HandOver<InferenceRequest>
    private let front: SequenceFront
    private let state = Mutex(State())

    init(_ request: consuming InferenceRequest, sink: any AnswerSink, front: SequenceFront) {
        self.id = request.id
        self.requestedOutputs = request.requestedOutputs
        self.request = HandOver(request)
        self.sink = sink
        self.front = front
    }

    /// Notes its place behind others of its sequence.
    func joined(_ ticket: SequenceFront.Machine.Ticket) {
        state.withLock { $0.ticket = ticket }
    }

    /// Takes the request itself, to run it or to end it.
    func takeRequest() -> InferenceRequest? {
        request.take()
    }

    /// The scheduler has it.
    func runs(_ handle: CancellationHandle) {
        let calledBack = state.withLock { state -> CallBack? in
            if case .ended = state.phase { return nil }
            state.phase = .running(handle)
            return state.calledBack
        }
        switch calledBack {
        case nil: break
        case .cancel: handle.cancel()
        case .expire: handle.expire()
        }
    }

    /// It has been answered or has failed.
    func ended() {
        state.withLock { $0.phase = .ended }
    }

    /// Whether it has been answered or has failed.
    var hasEnded: Bool {
        state.withLock { if case .ended = $0.phase { true } else { false } }
    }

    func cancel() {
        callBack(
            .cancel,
            error: InferenceError(.cancelled, "the request was cancelled: nobody waits for its answer")
        )
    }

    func expire() {
        callBack(.expire, error: Scheduler.expired)
    }

    private func callBack(_ kind: CallBack, error: InferenceError) {
        if let ticket = state.withLock({ $0.ticket }), front.withdraw(ticket) {
            return end(with: error)
        }
        let handle = state.withLock { state -> CancellationHandle? in
            if case .running(let handle) = state.phase { return handle }
            state.calledBack = state.calledBack ?? kind
            return nil
        }
        switch kind {
        case .cancel: handle?.cancel()
        case .expire: handle?.expire()
        }
    }

    /// Ends it before the scheduler had it.
    func end(with error: InferenceError) {
        ended()
        guard let request = takeRequest() else { return }
        front.fail(request, with: error, sink: sink)
    }
}
