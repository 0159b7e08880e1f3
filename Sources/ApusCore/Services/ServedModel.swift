/// A live version seen from the edges: what it is and how to ask it.
package protocol ServedModel: AnyObject, Sendable {
    /// Name, tensors, configuration.
    var description: ModelDescription { get }
    /// Where decoders take memory for its inputs from.
    var allocator: any TensorAllocator { get }
    /// Accepts a request; its outcome comes to the sink, on the sink's lane, possibly before this returns.
    func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle
    /// Looks whether it can answer anything now.
    ///
    /// - Throws: What requests are refused with, while all of them are.
    func checkReadiness() throws(InferenceError)
    /// Refuses a request before its body is decoded when it is known already that its deadline can't be kept; counts
    /// it as failed then.
    ///
    /// - Parameters:
    ///   - deadline: The request's.
    ///   - caller: Who asks.
    ///   - received: When it was read.
    ///   - id: Reads its id, for the refusal's message; empty for none. Called once when the request is refused, else never.
    /// - Returns: What to refuse it with; `nil` to go on.
    func refuseEarly(
        _ deadline: Deadline,
        of caller: Caller,
        received: MonotonicTime,
        id: () -> String
    ) -> InferenceError?
}

extension ServedModel {
    /// Most can answer as long as they are there.
    package func checkReadiness() throws(InferenceError) {}

    /// Most know only what they have been asked.
    package func refuseEarly(
        _ deadline: Deadline,
        of caller: Caller,
        received: MonotonicTime,
        id: () -> String
    ) -> InferenceError? {
        nil
    }
}

/// What edges ask for inferences: look a version up, then submit.
package protocol InferenceService: Sendable {
    /// Finds a live version and keeps it alive.
    ///
    /// - Throws: `notFound` for an unknown model or version, `unavailable` for one that isn't ready.
    func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease
}

extension InferenceService {
    /// Accepts a request; its outcome comes to the sink, on the sink's lane, possibly before this returns.
    package func submit(_ request: consuming InferenceRequest, to sink: any AnswerSink) -> CancellationHandle {
        let model = request.lease.model
        return model.submit(request, to: sink)
    }
}
