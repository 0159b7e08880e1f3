internal import ApusCore

/// What the members of a flight are told: at once to those on the calling thread's own lane, to others by their lanes,
/// each woken once.
struct FlightAnswers {
    private var own: [any Delivery] = []
    private var others = Answers()

    mutating func append(_ answer: consuming InferenceAnswer, to sink: any AnswerSink) {
        append(Completion(answer: answer, to: sink))
    }

    mutating func append(failure: InferenceError, to sink: any AnswerSink) {
        append(Completion(failure: failure, to: sink))
    }

    /// Hands all of them over; those elsewhere first, since they have the longer way.
    mutating func deliver() {
        others.deliver()
        for delivery in own { delivery.carryOut() }
        own = []
    }

    private mutating func append(_ completion: Completion) {
        if completion.lane.isCurrent { own.append(completion) } else { others.append(counted: completion) }
    }
}

extension FlightRequest {
    /// Its way when it was answered by somebody else's run: all of it was waiting.
    func timings(at now: MonotonicTime) -> RequestTimings {
        var timings = RequestTimings(received: received)
        timings.queued = queued
        timings.answeredWithoutRun(.sharedRun, queueEnded: now, at: now)
        return timings
    }
}

extension RequestTimings {
    /// Notes the stations of a request that no run was made for.
    mutating func answeredWithoutRun(_ origin: Origin, queueEnded: MonotonicTime, at now: MonotonicTime) {
        self.origin = origin
        gatheringStarted = queueEnded
        computeStarted = queueEnded
        inputReady = queueEnded
        inferEnded = queueEnded
        computeEnded = now
    }
}
