package import ApusCore
internal import Synchronization

/// A sink that keeps what it is given and notices what a sink must never see.
package final class RecordingSink: AnswerSink {
    /// One answer, without its lease.
    package struct Answer: Sendable {
        /// The request's id.
        package let id: String
        /// The outputs.
        package let outputs: [NamedTensor]
        /// The request's way.
        package let timings: RequestTimings
    }

    /// All that a request came to.
    package struct Outcome: Sendable {
        /// The answers, in order.
        package let answers: [Answer]
        /// The end.
        package let end: AnswerEnd

        /// The failure; `nil` for a success.
        package var error: InferenceError? {
            guard case .failure(let error) = end else { return nil }
            return error
        }
    }

    private struct State {
        var answers: [Answer] = []
        var held: [HandOver<InferenceAnswer>] = []
        var end: AnswerEnd?
        var faults: [String] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
        var demand: Int
        var resume: (@Sendable () -> Void)?
    }

    package let lane: any CompletionLane
    private let holdsAnswers: Bool
    private let state: Mutex<State>

    /// Makes a sink.
    ///
    /// - Parameters:
    ///   - lane: Where it lives.
    ///   - holdsAnswers: Whether answers, with their leases, stay until `releaseAnswers()`, as if a slow client read them.
    ///   - demand: How many answers it takes before `demandMore(_:)`.
    package init(lane: any CompletionLane = ImmediateLane(), holdsAnswers: Bool = false, demand: Int = .max) {
        self.lane = lane
        self.holdsAnswers = holdsAnswers
        self.state = Mutex(State(demand: demand))
    }

    package var demand: Int { state.withLock { $0.demand } }

    package func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        state.withLock { $0.resume = resume }
    }

    package func receive(_ answer: consuming InferenceAnswer) {
        let isOnLane = lane.isCurrent || lane is ImmediateLane
        let record = Answer(id: answer.id, outputs: answer.outputs, timings: answer.timings)
        let box = holdsAnswers ? HandOver(answer) : nil
        state.withLock { state in
            if !isOnLane { state.faults.append("an answer came off the lane") }
            if state.end != nil { state.faults.append("an answer came after the end") }
            if state.demand <= 0 { state.faults.append("an answer came that nobody had asked for") }
            if state.demand != .max { state.demand -= 1 }
            state.answers.append(record)
            if let box { state.held.append(box) }
        }
    }

    package func finish(_ end: AnswerEnd) {
        let isOnLane = lane.isCurrent || lane is ImmediateLane
        let watchers = state.withLock { state in
            if !isOnLane { state.faults.append("the end came off the lane") }
            if state.end != nil { state.faults.append("a second end came") }
            state.end = end
            defer { state.watchers = [] }
            return state.watchers
        }
        for watcher in watchers { watcher.resume() }
    }
}

extension RecordingSink {
    /// Whether the end has come.
    package var hasEnded: Bool { state.withLock { $0.end != nil } }

    /// What broke a sink's contract: calls off the lane, after the end, or a second end.
    package var faults: [String] { state.withLock { $0.faults } }

    /// What the request came to; `nil` before its end.
    package var outcomeSoFar: Outcome? {
        state.withLock { state in state.end.map { Outcome(answers: state.answers, end: $0) } }
    }

    /// Answers so far.
    package var answerCount: Int { state.withLock { $0.answers.count } }

    /// Takes more answers; called on the lane.
    package func demandMore(_ count: Int) {
        let resume = state.withLock { state in
            state.demand += count
            defer { state.resume = nil }
            return state.resume
        }
        resume?()
    }

    /// Waits for the end.
    package func outcome() async -> Outcome {
        while true {
            if let outcome = outcomeSoFar { return outcome }
            await withCheckedContinuation { continuation in
                let hasEnded = state.withLock { state in
                    if state.end == nil { state.watchers.append(continuation) }
                    return state.end != nil
                }
                if hasEnded { continuation.resume() }
            }
        }
    }

    /// Lets held answers go, as an edge does when they are written.
    package func releaseAnswers() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for box in held { _ = box.take() }
    }
}
