internal import ApusCore
internal import ApusProtocol
internal import ApusProtos
internal import GRPCCore
internal import NIOCore

/// ModelInfer and ModelStreamInfer (CONTRACTS §9.2 and §10), read and written by our own codec.
struct InferenceMethods: Sendable {
    let configuration: GRPCEdgeConfiguration

    /// Registers both.
    func register(with router: inout GatedRouter<some ServerTransport>) {
        typealias Method = Inference_GRPCInferenceService.Method
        router.unary(
            Method.ModelInfer.descriptor,
            deserializer: MessageBodyDeserializer(),
            serializer: EncodedMessageSerializer()
        ) { (message: MessageBody, call) throws(InferenceError) -> EncodedMessage in
            try await infer(message, call: call)
        }
        router.stream(
            Method.ModelStreamInfer.descriptor,
            deserializer: MessageBodyDeserializer(),
            serializer: EncodedMessageSerializer()
        ) { (messages: RPCAsyncSequence<MessageBody, any Error>, writer: RPCWriter<EncodedMessage>, call) in
            try await infer(messages, to: writer, call: call)
        }
    }

    /// One request, one answer.
    private func infer(_ message: MessageBody, call: RPCCall) async throws(InferenceError) -> EncodedMessage {
        let inference = try prepare(message, call: call)
        guard !inference.isDecoupled else { throw InferenceError.onlyStreams }
        let id = inference.request.id
        let wishes = inference.outputWishes
        let answer = OneAnswer { [configuration] answer throws(InferenceError) -> EncodedMessage in
            let model = answer.lease.model.description
            let maxBytes = configuration.limits.maxAnswerBytes
            let encoder = try V2MessageEncoder(
                id: id,
                model: model.id,
                outputs: wishes?.prepare(answer.outputs, model: model, maxBytes: maxBytes) ?? answer.outputs,
                wishes: wishes,
                maxBytes: maxBytes
            )
            return try EncodedMessage(byteCount: encoder.byteCount, budget: configuration.budget) { span in
                encoder.write(into: &span)
            }
        }
        return try await answer.ask(
            inference.request,
            of: configuration.service,
            call: call,
            time: configuration.time
        )
    }

    private func prepare(_ message: MessageBody, call: RPCCall) throws(InferenceError) -> PreparedInference {
        let decoder = V2MessageDecoder(limits: configuration.limits, sharedMemory: configuration.sharedMemory)
        return try PreparedInference(
            decoder.outline(message.buffer.readableBytesSpan),
            message: message,
            decoder: decoder,
            call: call,
            configuration: configuration,
            received: call.received
        )
    }

    /// Any number of requests, any number of answers to each.
    private func infer(
        _ messages: RPCAsyncSequence<MessageBody, any Error>,
        to writer: RPCWriter<EncodedMessage>,
        call: RPCCall
    ) async throws {
        let stream = InferenceStream(isErrorFatal: call.has("triton_grpc_error", "true"), budget: configuration.budget)
        try await withTaskCancellationHandler {
            try await withRPCCancellationHandler {
                try await run(stream, messages, to: writer, call: call)
            } onCancelRPC: { [configuration] in
                // gRPC's own timer cancels the call at its deadline.
                let isLate = call.deadline.hasPassed(at: configuration.time.now)
                stream.end(
                    isLate
                        ? InferenceError(.deadlineExceeded, "Deadline Exceeded")
                        : InferenceError(.cancelled, "the call was cancelled")
                )
            }
        } onCancel: {
            stream.end(InferenceError(.cancelled, "the call was cancelled"))
        }
    }

    private func run(
        _ stream: InferenceStream,
        _ messages: RPCAsyncSequence<MessageBody, any Error>,
        to writer: RPCWriter<EncodedMessage>,
        call: RPCCall
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await read(messages, into: stream, call: call) }
            group.addTask { await expire(stream) }
            do {
                for await message in stream.responses {
                    try await writer.write(message)
                    stream.wrote()
                }
            } catch {
                // Nobody reads any more.
                stream.end(nil)
                group.cancelAll()
                throw error
            }
            group.cancelAll()
        }
        if let failure = stream.failure { throw failure }
    }

    /// Takes the requests as they come, each one when those before it leave room.
    private func read(
        _ messages: RPCAsyncSequence<MessageBody, any Error>,
        into stream: InferenceStream,
        call: RPCCall
    ) async {
        let decoder = V2MessageDecoder(limits: configuration.limits, sharedMemory: configuration.sharedMemory)
        do {
            for try await message in messages {
                submit(message, to: stream, decoder: decoder, call: call)
                await stream.waitForRoom()
            }
            stream.inputEnded()
        } catch {
            stream.end(nil)
        }
    }

    private func submit(_ message: MessageBody, to stream: InferenceStream, decoder: V2MessageDecoder, call: RPCCall) {
        var id = ""
        do throws(InferenceError) {
            let outline = try decoder.outline(message.buffer.readableBytesSpan)
            id = outline.id
            let inference = try PreparedInference(
                outline,
                message: message,
                decoder: decoder,
                call: call,
                configuration: configuration,
                received: configuration.time.now
            )
            let slot = stream.begin(isOrdered: !inference.isDecoupled)
            let sink = StreamAnswerSink(stream: stream, slot: slot, inference: inference, configuration: configuration)
            let box = HandOver<InferenceRequest>(inference.request)
            stream.lane.perform { [configuration] in
                guard let request = box.take() else { return }
                stream.submitted(slot, configuration.service.submit(request, to: sink))
            }
        } catch {
            let status = GRPCStatusTable.httpStatus(of: GRPCStatusTable.code(of: error.code))
            configuration.observer.answered(status: status)
            let slot = stream.begin(isOrdered: true)
            stream.fail(slot, error, id: id)
            stream.ended(slot)
        }
    }

    /// How late a request may be told that its time is over.
    private static let alarmInterval: Int64 = 10_000_000

    /// Tells requests of their deadlines while the stream lives.
    private func expire(_ stream: InferenceStream) async {
        while await stream.waitForDeadline() {
            let now = configuration.time.now
            let next = stream.expire(at: now).map { Int64(clamping: $0.nanoseconds(since: now)) }
            let wait = min(next ?? 0, InferenceMethods.alarmInterval)
            guard (try? await Task.sleep(for: .nanoseconds(max(wait, 1_000_000)))) != nil else { return }
        }
    }
}

extension InferenceError {
    /// The refusal of a request that only a stream can answer.
    static let onlyStreams = InferenceError(
        .unsupported,
        "ModelInfer RPC doesn't support models with decoupled transaction policy",
        field: "model_name",
        hint: "a request to this model may get none or many answers: use ModelStreamInfer"
    )
}
