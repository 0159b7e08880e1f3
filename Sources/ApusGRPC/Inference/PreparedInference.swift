internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// A v2 request that has been decoded and waits to be submitted.
struct PreparedInference: ~Copyable, Sendable {
    var request: InferenceRequest
    /// Whether its model may answer with none or many.
    let isDecoupled: Bool
    /// Whether an end without an answer is to be told.
    let wantsEmptyFinal: Bool
    /// What is to be done with outputs; `nil` when all are sent as they are.
    let outputWishes: V2OutputForm?

    /// Looks the model up and decodes the request into its memory.
    ///
    /// - Parameters:
    ///   - outline: What the decoder said of the message.
    ///   - message: The message.
    ///   - decoder: The call's decoder.
    ///   - call: The call that it came by.
    ///   - configuration: The edge's.
    ///   - received: When the message came.
    /// - Throws: In the words of whoever refuses it.
    init(
        _ outline: consuming V2MessageOutline,
        message: MessageBody,
        decoder: V2MessageDecoder,
        call: RPCCall,
        configuration: GRPCEdgeConfiguration,
        received: MonotonicTime
    ) throws(InferenceError) {
        let selector = try outline.selector()
        try call.check(selector.name)
        let lease = try configuration.service.lease(selector)
        let model = lease.model
        var memory = RequestMemory(allocator: model.allocator, budget: configuration.budget)
        let question = try decoder.decode(
            outline,
            bytes: message.buffer.readableBytesSpan,
            body: message,
            model: model.description,
            memory: &memory
        )
        var request = InferenceRequest(
            inputs: question.inputs,
            timings: RequestTimings(received: received),
            lease: lease
        )
        request.id = question.id
        request.caller = call.caller
        request.requestedOutputs = question.outputs.map(\.name)
        request.priority = question.priority
        request.sequence = question.sequence
        request.parameters = question.parameters
        request.charge = memory.takeCharge()
        request.deadline = call.deadline
        request.queueTimeout = InferenceRequest.nanoseconds(microseconds: question.timeoutMicroseconds)
        self.request = request
        self.isDecoupled = model.description.isDecoupled
        self.wantsEmptyFinal = question.wantsEmptyFinal
        self.outputWishes = question.outputWishes
    }
}
