internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Inferences of the v2 protocol: JSON, JSON with binary tensors behind it, or one raw tensor.
struct V2Codec: InferenceCodec {
    private let decoder: V2RequestDecoder
    private let limits: InputLimits

    let refusalForm = V2AnswerForm(id: "", outputs: .allBinary)

    /// Makes the codec of one event loop; `nil` when there is no memory.
    init?(limits: InputLimits, sharedMemory: any SharedMemoryRegions = NoSharedMemory()) {
        guard let decoder = V2RequestDecoder(limits: limits, sharedMemory: sharedMemory) else { return nil }
        self.decoder = decoder
        self.limits = limits
    }

    func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<V2AnswerForm> {
        let isRaw = head.inferenceHeaderLength.map { head.decimal($0) == 0 } ?? false
        let request = try request(in: body, head: head, model: model, memory: &memory)
        let outputs: V2OutputForm =
            isRaw ? .allBinary : V2OutputForm(listed: request.outputs, others: request.binaryDataOutput)
        return InferenceQuestion(
            id: request.id,
            inputs: request.inputs,
            requestedOutputs: request.outputs.isEmpty ? [] : request.outputs.map(\.name),
            priority: request.priority,
            timeoutMicroseconds: request.timeoutMicroseconds,
            sequence: request.sequence,
            parameters: request.parameters,
            form: V2AnswerForm(id: request.id, outputs: outputs)
        )
    }

    func id(of body: ByteBuffer, head: HTTPRequestHead) -> String {
        guard head.contentEncoding == nil else { return "" }
        let length = head.inferenceHeaderLength.map { head.decimal($0) ?? 0 } ?? body.readableBytes
        return V2RequestID.find(in: body.readableBytesUInt8Span.extracting(first: length))
    }

    private func request(
        in body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> V2InferRequest {
        guard let range = head.inferenceHeaderLength else {
            return try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) {
                json throws(InferenceError) in
                try unsafe decoder.decode(json: json, binary: NoBinaryBody(), model: model, memory: &memory)
            }
        }
        guard let length = head.decimal(range), length <= body.readableBytes else {
            throw InferenceError(
                .invalidArgument,
                "Inference-Header-Content-Length must be a number between 0 and the body's \(body.readableBytes) bytes",
                field: "Inference-Header-Content-Length",
                expected: "0 to \(body.readableBytes)",
                got: head.text(range)
            )
        }
        var tail = body
        tail.moveReaderIndex(forwardBy: length)
        guard length > 0 else {
            return try RawRequest(model: model, limits: limits).decode(NetworkBody(tail), memory: &memory)
        }
        return try unsafe NetworkBody.withJSON(of: body, byteCount: length) { json throws(InferenceError) in
            try unsafe decoder.decode(json: json, binary: NetworkBody(tail), model: model, memory: &memory)
        }
    }
}

/// The v2 protocol's answer: JSON, and behind it the bytes of the outputs that were asked for in binary.
struct V2AnswerForm: AnswerForm {
    /// The request's id; empty when none was sent.
    let id: String
    /// Which outputs come as bytes.
    let outputs: V2OutputForm

    func write(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError) {
        let model = answer.lease.model.description
        let prepared =
            outputs.hasSpecialOutputs
            ? try outputs.prepare(answer.outputs, model: model, maxBytes: writer.maxBytes) : answer.outputs
        let encoder = try V2ResponseEncoder(
            id: id,
            model: model.id,
            outputs: prepared,
            request: outputs,
            maxBytes: writer.maxBytes
        )
        try writer.reserve(encoder.bound)
        writer.body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.jsonBound) { span in
            encoder.write(into: &span)
        }
        guard encoder.binaryByteCount > 0 else { return }
        writer.head.contentType = HTTPResponseHead.binary
        writer.head.inferenceHeaderLength = writer.body.byteCount
        encoder.forEachBinaryTensor { NetworkBody.append($0, to: &writer.body.buffer) }
    }
}
