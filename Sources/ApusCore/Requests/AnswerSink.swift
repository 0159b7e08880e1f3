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
