internal import Synchronization

/// An answer, an end or both on their way from an engine thread to their sink's lane.
///
/// It guards its content itself instead of carrying a `HandOver`: one piece of memory less for each answer.
package final class Completion: Delivery {
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

    package func carryOut() {
        var taken = content.withLock { content in
            var taken = Content()
            swap(&taken, &content)
            return taken
        }
        if let answer = taken.answer.take() { sink.receive(answer) }
        if let end = taken.end { sink.finish(end) }
    }
}
