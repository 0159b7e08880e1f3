internal import ApusCore
internal import ApusProtocol

/// Takes the answers to one request of a stream.
final class StreamAnswerSink: AnswerSink {
    private let stream: InferenceStream
    private let slot: InferenceStream.Slot
    private let id: String
    private let isDecoupled: Bool
    /// The model to name in an empty final response; `nil` when none is wanted.
    private let finalModel: ModelDescription?
    private let wishes: V2OutputForm?
    private let configuration: GRPCEdgeConfiguration

    init(
        stream: InferenceStream,
        slot: InferenceStream.Slot,
        inference: borrowing PreparedInference,
        configuration: GRPCEdgeConfiguration
    ) {
        self.stream = stream
        self.slot = slot
        self.id = inference.request.id
        self.isDecoupled = inference.isDecoupled
        let wantsFinal = inference.isDecoupled && inference.wantsEmptyFinal
        self.finalModel = wantsFinal ? inference.request.lease.model.description : nil
        self.wishes = inference.outputWishes
        self.configuration = configuration
    }

    var lane: any CompletionLane { stream.lane }
    /// A model with one answer never waits: its requests are bounded.
    var demand: Int { isDecoupled ? stream.demand : 1 }

    func whenDemanded(_ resume: @escaping @Sendable () -> Void) {
        stream.whenDemanded(resume)
    }

    func receive(_ answer: consuming InferenceAnswer) {
        // The last response of a decoupled model isn't known to be it before its end: that one is told by itself.
        send(answer.outputs, model: answer.lease.model.description, isFinal: !isDecoupled)
    }

    func finish(_ end: AnswerEnd) {
        switch end {
        case .success: if let finalModel { send([], model: finalModel, isFinal: true) }
        case .failure(let error): fail(error)
        }
        stream.ended(slot)
    }

    private func send(_ outputs: [NamedTensor], model: ModelDescription, isFinal: Bool) {
        do throws(InferenceError) {
            let maxBytes = configuration.limits.maxAnswerBytes
            let encoder = try V2MessageEncoder(
                id: id,
                model: model.id,
                outputs: wishes?.prepare(outputs, model: model, maxBytes: maxBytes) ?? outputs,
                wishes: wishes,
                parameters: [("triton_final_response", .bool(isFinal))],
                form: .streamResponse,
                maxBytes: maxBytes
            )
            let message = try EncodedMessage(byteCount: encoder.byteCount, budget: configuration.budget) { span in
                encoder.write(into: &span)
            }
            configuration.observer.answered(status: 200)
            stream.respond(slot, message)
        } catch {
            fail(error)
        }
    }

    private func fail(_ error: InferenceError) {
        configuration.observer.answered(status: GRPCStatusTable.httpStatus(of: GRPCStatusTable.code(of: error.code)))
        stream.fail(slot, error, id: id)
    }
}
