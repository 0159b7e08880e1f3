internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// Inferences of TensorFlow Serving's REST interface, one codec for each of its verbs.
struct TensorFlowServingCodec: InferenceCodec {
    /// What is asked.
    enum Verb {
        case predict
        case classify
        case regress
    }

    let verb: Verb
    let decoder: TensorFlowServingDecoder

    let refusalForm = TensorFlowAnswerForm.refusal

    func selector(of operation: AdmittedOperation, head: HTTPRequestHead) throws(InferenceError) -> ModelSelector {
        try operation.tensorFlowSelector()
    }

    func refusal(_ error: InferenceError, of selector: ModelSelector?) -> InferenceError {
        error.tensorFlowRefusal(of: selector)
    }

    func decode(
        _ body: ByteBuffer,
        head: HTTPRequestHead,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> InferenceQuestion<TensorFlowAnswerForm> {
        switch verb {
        case .predict:
            let request = try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) {
                json throws(InferenceError) in
                try unsafe decoder.decodePredict(json: json, model: model, memory: &memory)
            }
            return InferenceQuestion(inputs: request.inputs, form: .predict(request.form))
        case .classify:
            let outputs = try TensorFlowSignature.classification(of: model)
            let request = try examples(body, model: model, memory: &memory)
            var question = InferenceQuestion(
                inputs: request.inputs,
                form: TensorFlowAnswerForm.classify(outputs, examples: request.count)
            )
            question.requestedOutputs = outputs.outputs
            return question
        case .regress:
            let output = try TensorFlowSignature.regression(of: model)
            let request = try examples(body, model: model, memory: &memory)
            var question = InferenceQuestion(
                inputs: request.inputs,
                form: TensorFlowAnswerForm.regress(output, examples: request.count)
            )
            question.requestedOutputs = [output]
            return question
        }
    }

    private func examples(
        _ body: ByteBuffer,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorFlowExamplesRequest {
        try unsafe NetworkBody.withJSON(of: body, byteCount: body.readableBytes) { json throws(InferenceError) in
            try unsafe decoder.decodeExamples(json: json, model: model, memory: &memory)
        }
    }
}

/// How TensorFlow Serving's answers look.
enum TensorFlowAnswerForm: AnswerForm {
    /// Nothing but errors.
    case refusal
    case predict(TensorFlowPredictForm)
    case classify(TensorFlowSignature.Classification, examples: Int)
    case regress(String, examples: Int)

    func write(_ answer: borrowing InferenceAnswer, to writer: inout AnswerWriter) throws(InferenceError) {
        switch self {
        case .refusal: throw InferenceError(.internalFailure, "an answer without a form")
        case .predict(let form):
            let encoder = try TensorFlowPredictEncoder(
                outputs: answer.outputs,
                form: form,
                maxBytes: writer.maxBytes
            )
            try writer.reserve(encoder.bound)
            writer.body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.bound) { span in
                encoder.write(into: &span)
            }
        case .classify(let outputs, let examples):
            let results = try TensorFlowResults(
                classification: outputs,
                outputs: answer.outputs,
                examples: examples
            )
            try write(results, isClassification: true, to: &writer)
        case .regress(let output, let examples):
            let results = try TensorFlowResults(regression: output, outputs: answer.outputs, examples: examples)
            try write(results, isClassification: false, to: &writer)
        }
    }

    func answer(to error: InferenceError) -> (HTTPResponseHead, [UInt8]) {
        TensorFlowStatusTable.answer(to: error)
    }

    private func write(
        _ results: TensorFlowResults,
        isClassification: Bool,
        to writer: inout AnswerWriter
    ) throws(InferenceError) {
        let encoder = try TensorFlowResultsEncoder(
            results,
            isClassification: isClassification,
            maxBytes: writer.maxBytes
        )
        try writer.reserve(encoder.bound)
        writer.body.buffer.writeWithOutputRawSpan(minimumWritableBytes: encoder.bound) { span in
            encoder.write(into: &span)
        }
    }
}
