internal import Synchronization

/// How a request ended.
package enum AnswerEnd: Sendable {
    /// All answers have been given.
    case success
    /// No (further) answer will come.
    case failure(InferenceError)
}

/// Takes 0…n answers to one request and then exactly one end.
///
/// Both methods are called on the sink's lane and nowhere else.
package protocol AnswerSink: AnyObject, Sendable {
    /// Where the sink lives.
    var lane: any CompletionLane { get }
    /// How many more answers the client can take now; a model with many answers waits while it is 0. Read on the lane.
    var demand: Int { get }
    /// Has `resume` called, on the lane and once, when `demand` is above 0 again. Called on the lane while it is 0.
    func whenDemanded(_ resume: @escaping @Sendable () -> Void)
    /// Takes one answer.
    func receive(_ answer: consuming InferenceAnswer)
    /// Takes the end; nothing follows.
    func finish(_ end: AnswerEnd)
}

extension AnswerSink {
    /// For sinks whose demand never falls to 0.
    package func whenDemanded(_ resume: @escaping @Sendable () -> Void) {}
}

/// Core's word for an event loop: collects completions from engine threads and is woken once per batch.
package protocol CompletionLane: AnyObject, Sendable {
    /// Whether the caller runs on this lane: then sinks may be called at once.
    var isCurrent: Bool { get }
    /// Has completions carried out on the lane, in their order.
    func deliver(_ completions: consuming [any Deliverable])
    /// Nanoseconds that a completion delivered now will hardly have to wait. Read on the lane.
    var delay: UInt64 { get }
}

extension CompletionLane {
    /// Most carry out at once what is delivered.
    package var delay: UInt64 { 0 }
}

/// Something on its way from an engine thread to a sink's lane.
package protocol Deliverable: AnyObject, Sendable {
    /// Where it is to be carried out.
    var lane: any CompletionLane { get }
    /// Carries it out; called once, on the lane.
    func run()
}

/// An answer, an end or both on their way from an engine thread to their sink's lane.
package final class Completion: Deliverable {
    private struct Content: ~Copyable, Sendable {
        var answer: InferenceAnswer?
        /// `nil` when more answers follow.
        var end: AnswerEnd?
    }

    private let sink: any AnswerSink
    private let content: Mutex<Content>

    /// One answer and success.
    package init(answer: consuming InferenceAnswer, to sink: any AnswerSink) {
        self.sink = sink
        self.content = Mutex(Content(answer: answer, end: .success))
    }

    /// No answer, only the failure.
    package convenience init(failure: InferenceError, to sink: any AnswerSink) {
        self.init(end: .failure(failure), to: sink)
    }

    /// One answer of several; the end comes by itself.
    package init(part answer: consuming InferenceAnswer, to sink: any AnswerSink) {
        self.sink = sink
        self.content = Mutex(Content(answer: answer))
    }

    /// No (further) answer, only the end.
    package init(end: AnswerEnd, to sink: any AnswerSink) {
        self.sink = sink
        self.content = Mutex(Content(end: end))
    }

    package var lane: any CompletionLane { sink.lane }

    package func run() {
        var taken = content.withLock { content in
            var taken = Content()
            swap(&taken, &content)
            return taken
        }
        if let answer = taken.answer.take() { sink.receive(answer) }
        if let end = taken.end { sink.finish(end) }
    }
}
