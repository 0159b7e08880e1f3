internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import GRPCProtobuf
internal import NIOCore

/// TensorFlow Serving's PredictionService (CONTRACTS §13), read and, where tensors are in it, written by our own codec.
struct TensorFlowPredictionMethods: Sendable {
    typealias Method = Tensorflow_Serving_PredictionService.Method
    private typealias Answering = @Sendable (MessageBody, RPCCall) async throws(InferenceError) -> EncodedMessage

    let configuration: GRPCEdgeConfiguration

    /// Registers its methods.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        let inferences: [(MethodDescriptor, Answering)] = [
            (Method.Predict.descriptor, predict),
            (Method.Classify.descriptor, answering(.classify)),
            (Method.Regress.descriptor, answering(.regress)),
            (Method.MultiInference.descriptor, multiInference),
        ]
        for (method, answer) in inferences {
            router.unary(
                method,
                deserializer: MessageBodyDeserializer(),
                serializer: EncodedMessageSerializer(),
                answer
            )
        }
        router.unary(
            Method.GetModelMetadata.descriptor,
            deserializer: MessageBodyDeserializer(),
            serializer: ProtobufSerializer<Tensorflow_Serving_GetModelMetadataResponse>()
        ) { message, call throws(InferenceError) in
            try metadata(message, call: call)
        }
    }

    // MARK: Predict

    @Sendable private func predict(_ body: MessageBody, call: RPCCall) async throws(InferenceError) -> EncodedMessage {
        let message = try TensorFlowPredictMessage(body.buffer.readableBytesSpan, limits: configuration.limits)
        let request = try prepare(message.model, call: call) { model, memory throws(InferenceError) in
            let inputs = try message.tensors(
                for: model,
                bytes: body.buffer.readableBytesSpan,
                body: body,
                limits: configuration.limits,
                memory: &memory
            )
            return (inputs, message.outputFilter)
        }
        return try await ask(request, call: call) { [configuration] answer throws(InferenceError) in
            let encoder = try TensorFlowPredictAnswer(
                model: answer.lease.model.description.id,
                outputs: answer.outputs,
                maxBytes: configuration.limits.maxAnswerBytes
            )
            return try EncodedMessage(byteCount: encoder.byteCount, budget: configuration.budget) { span in
                encoder.write(into: &span)
            }
        }
    }

    // MARK: Examples

    private func answering(_ method: TensorFlowExamplesMethod) -> Answering {
        { body, call throws(InferenceError) in
            let message = try TensorFlowExamplesMessage(body.buffer.readableBytesSpan)
            return try await ask(method, message.model, message.examples, of: body, form: .response, call: call)
        }
    }

    private func ask(
        _ method: TensorFlowExamplesMethod,
        _ spec: TensorFlowModelSpec,
        _ examples: TensorFlowExamples,
        of body: MessageBody,
        form: TensorFlowResultsAnswer.Form,
        call: RPCCall
    ) async throws(InferenceError) -> EncodedMessage {
        let request = try prepare(spec, call: call) { model, memory throws(InferenceError) in
            let outputs = try method.outputs(of: model)
            return (try tensors(examples, of: body, for: model, memory: &memory), outputs)
        }
        return try await ask(request, call: call) { [configuration] answer throws(InferenceError) in
            let model = answer.lease.model.description
            let results = try method.results(of: model, outputs: answer.outputs, examples: examples.count)
            let encoder = try TensorFlowResultsAnswer(
                model: model.id,
                results: results,
                isClassification: method == .classify,
                form: form,
                maxBytes: configuration.limits.maxAnswerBytes
            )
            return try EncodedMessage(byteCount: encoder.byteCount, budget: configuration.budget) { span in
                encoder.write(into: &span)
            }
        }
    }

    private func tensors(
        _ examples: TensorFlowExamples,
        of body: MessageBody,
        for model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> [NamedTensor] {
        try examples.tensors(
            for: model,
            bytes: body.buffer.readableBytesSpan,
            limits: configuration.limits,
            memory: &memory
        )
    }

    /// Asks for one task after the other: each is an inference of its own, whose tensors are gone when the next begins.
    @Sendable private func multiInference(
        _ body: MessageBody,
        call: RPCCall
    ) async throws(InferenceError) -> EncodedMessage {
        let message = try TensorFlowTasksMessage(body.buffer.readableBytesSpan)
        var results: [EncodedMessage] = []
        for task in message.tasks {
            guard let method = TensorFlowExamplesMethod(rawValue: task.methodName) else {
                throw InferenceError(
                    .unsupported,
                    "Unsupported signature method_name: \(task.methodName.prefix(200))",
                    field: "tasks.method_name",
                    expected: "tensorflow/serving/classify or tensorflow/serving/regress"
                )
            }
            results.append(
                try await ask(method, task.model, message.examples, of: body, form: .result, call: call)
            )
        }
        let encoder = try TensorFlowTasksAnswer(results.map(\.bytes), maxBytes: configuration.limits.maxAnswerBytes)
        return try EncodedMessage(byteCount: encoder.byteCount, budget: configuration.budget) { span in
            encoder.write(into: &span)
        }
    }

    // MARK: Metadata

    private func metadata(
        _ body: MessageBody,
        call: RPCCall
    ) throws(InferenceError) -> Tensorflow_Serving_GetModelMetadataResponse {
        let message = try TensorFlowMetadataMessage(body.buffer.readableBytesSpan)
        let selector = try message.model.selector()
        try call.check(selector.name)
        try message.checkFields()
        return try .init(try lease(selector).model.description)
    }

    // MARK: Asking

    private func lease(_ selector: ModelSelector) throws(InferenceError) -> Lease {
        do throws(InferenceError) {
            return try configuration.service.lease(selector)
        } catch {
            throw error.tensorFlowRefusal(of: selector)
        }
    }

    /// Looks the model up and makes a request of what is decoded into its memory: inputs, and the names of outputs.
    private func prepare(
        _ spec: TensorFlowModelSpec,
        call: RPCCall,
        _ decode: (ModelDescription, inout RequestMemory) throws(InferenceError) -> ([NamedTensor], [String])
    ) throws(InferenceError) -> InferenceRequest {
        let selector = try spec.selector()
        try call.check(selector.name)
        let lease = try lease(selector)
        let model = lease.model
        try spec.checkSignature()
        guard !model.description.isDecoupled else { throw InferenceError.noDecoupledPrediction }
        var memory = RequestMemory(allocator: model.allocator, budget: configuration.budget)
        let (inputs, outputs) = try decode(model.description, &memory)
        var request = InferenceRequest(inputs: inputs, timings: RequestTimings(received: call.received), lease: lease)
        request.caller = call.caller
        request.requestedOutputs = outputs
        request.charge = memory.takeCharge()
        request.deadline = call.deadline
        return request
    }

    private func ask(
        _ request: consuming InferenceRequest,
        call: RPCCall,
        _ convert: @escaping @Sendable (borrowing InferenceAnswer) throws(InferenceError) -> EncodedMessage
    ) async throws(InferenceError) -> EncodedMessage {
        try await OneAnswer(convert).ask(request, of: configuration.service, call: call, time: configuration.time)
    }
}

extension InferenceError {
    /// The refusal of a model that only a stream can ask.
    fileprivate static let noDecoupledPrediction = InferenceError(
        .unsupported,
        "PredictionService doesn't serve models with decoupled transaction policy",
        field: "model_spec.name",
        hint: "a request to this model may get none or many answers: use ModelStreamInfer of the v2 protocol"
    )
}
