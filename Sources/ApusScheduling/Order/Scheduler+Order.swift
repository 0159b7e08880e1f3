internal import ApusCore
internal import Synchronization

/// An answer that may have to wait for those before it.
struct HeldAnswer: Sendable {
    /// The answer on its way to its lane.
    let completion: any Deliverable
    /// Its request's stations, counted when it leaves.
    let timings: RequestTimings
    /// Items in its request.
    let batchSize: Int
    /// Its request's id.
    let id: String
}

extension Scheduler.State {
    /// Counts an answer that leaves.
    mutating func record(_ answer: HeldAnswer) {
        statistics.lastInference = WallClock.millisecondsSince1970
        statistics.recordSuccess(answer.timings, batchSize: answer.batchSize, id: answer.id)
    }

    /// Whether an answer that is ready at once would overtake nobody.
    var mayAnswerAtOnce: Bool { order?.isEmpty ?? true }
}

extension Scheduler {
    /// What happens in the order of answers.
    private enum OrderEvent {
        case answered(UInt64, HeldAnswer)
        case ended(UInt64)
        case delivered
    }

    /// Gives an answer away when all requests before it have ended.
    func hold(_ answer: HeldAnswer, _ number: UInt64) {
        deliver(after: .answered(number, answer))
    }

    /// Notes that a request has ended without an answer, which others may have waited for.
    func makeRoom(_ number: UInt64?) {
        if let number { deliver(after: .ended(number)) }
    }

    /// Ends a request whose answer is held back, or about to be, because nobody wants it any more.
    func withdrawAnswer(of queued: QueuedRequest, because error: InferenceError) {
        // Its lease and its memory are gone with it, or with the run that brings it here.
        if let number = queued.number, withdraw(number) { answer(queued, with: error) }
    }

    /// Takes the right to tell a request that has been computed how it ended.
    ///
    /// - Returns: Whether nobody else has it.
    func withdraw(_ number: UInt64) -> Bool {
        // What was held back is let go behind the lock.
        let outcome = state.withLock { $0.order?.withdraw(number) }
        if case .ends = outcome { return true }
        return false
    }

    private func deliver(after event: OrderEvent) {
        var ready = change(event)
        while !ready.isEmpty {
            var answers = Answers()
            for answer in ready { answers.append(answer.completion) }
            answers.deliver()
            ready = change(.delivered)
        }
    }

    private func change(_ event: OrderEvent) -> [HeldAnswer] {
        let now = time.now
        let (ready, change) = state.withLock {
            state -> ([HeldAnswer], BatchingStateMachine<QueuedRequest>.OnChange) in
            var ready: [HeldAnswer] = []
            switch event {
            case .answered(let number, let answer): ready = state.order?.answered(number, answer) ?? []
            case .ended(let number): ready = state.order?.ended(number) ?? []
            case .delivered: ready = state.order?.delivered() ?? []
            }
            for answer in ready { state.record(answer) }
            guard let limit = state.order?.startLimit else { return (ready, .nothing) }
            return (ready, state.machine.setStartLimit(limit, now: now))
        }
        carryOut(change)
        return ready
    }
}
