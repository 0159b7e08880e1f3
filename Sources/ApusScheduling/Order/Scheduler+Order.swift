internal import ApusCore
internal import Synchronization

extension Scheduler.State {
    /// Counts an answer that leaves.
    ///
    /// - Parameters:
    ///   - answer: The answer.
    ///   - time: The time, in milliseconds since 1970.
    mutating func record(_ answer: UncountedAnswer, at time: Int64) {
        statistics.lastInference = time
        statistics.recordSuccess(answer.timings, batchSize: answer.batchSize, id: answer.id)
    }

    /// Whether an answer that is ready at once would overtake nobody.
    var mayAnswerAtOnce: Bool { order?.isEmpty ?? true }
}

extension Scheduler {
    /// What happens in the order of answers.
    private enum OrderEvent {
        case answered(UInt64, UncountedAnswer)
        case ended(UInt64)
        case delivered
    }

    /// Gives an answer away when all requests before it have ended.
    func hold(_ answer: UncountedAnswer, _ number: UInt64) {
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
            for answer in ready { answers.append(counted: answer.delivery) }
            answers.deliver()
            ready = change(.delivered)
        }
    }

    private func change(_ event: OrderEvent) -> [UncountedAnswer] {
        let (now, clock) = (time.now, WallClock.millisecondsSince1970)
        let (ready, change) = state.withLock {
            state -> ([UncountedAnswer], BatchingStateMachine<QueuedRequest>.OnChange) in
            var ready: [UncountedAnswer] = []
            switch event {
            case .answered(let number, let answer): ready = state.order?.answered(number, answer) ?? []
            case .ended(let number): ready = state.order?.ended(number) ?? []
            case .delivered: ready = state.order?.delivered() ?? []
            }
            for answer in ready { state.record(answer, at: clock) }
            guard let limit = state.order?.startLimit else { return (ready, .nothing) }
            return (ready, state.machine.setStartLimit(limit, now: now))
        }
        carryOut(change)
        return ready
    }
}
