package import ApusCore

/// Which way round a predict request says its tensors, and its answer too.
package enum TensorFlowPredictForm: Sendable {
    /// A list of rows: `instances` and `predictions`.
    case rows
    /// A tensor for each name: `inputs` and `outputs`.
    case columns
}

/// A predict request as it was said; nothing has been compared with the model but names and element types.
package struct TensorFlowPredictRequest: Sendable {
    /// Input tensors by name, in the model's order.
    package let inputs: [NamedTensor]
    /// How it was said.
    package let form: TensorFlowPredictForm
}

/// The examples of a classify or regress request, joined into tensors.
package struct TensorFlowExamplesRequest: Sendable {
    /// Input tensors by name, in the model's order.
    package let inputs: [NamedTensor]
    /// How many examples there are.
    package let count: Int
}

/// Decodes requests of TensorFlow Serving's REST interface: numbers are written straight into tensor memory.
///
/// Element types come from the model, shapes from the nesting of the arrays. Members may come in any order; unknown ones
/// are checked and ignored. The limits: JSON as deep as `max_json_depth`, at most 32 dimensions, `max_elements` for each
/// tensor, and never more memory than the request's own length pays for. One decoder belongs to one event loop.
package final class TensorFlowServingDecoder {
    /// The model asked, and how long the request is.
    struct Context {
        let model: ModelDescription
        let jsonByteCount: Int
    }

    let reader: JSONReader
    let limits: InputLimits

    /// Makes a decoder; `nil` when there is no memory.
    package init?(limits: InputLimits) {
        guard let reader = JSONReader(maxDepth: limits.maxJSONDepth) else { return nil }
        self.reader = reader
        self.limits = limits
    }

    /// Decodes a predict request.
    ///
    /// - Parameters:
    ///   - json: The body, with `JSONReader.padding` readable bytes behind it.
    ///   - model: The model asked.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The request.
    /// - Throws: `invalidArgument` that names what is at fault, `resourceExhausted` without memory.
    package func decodePredict(
        json: UnsafeRawBufferPointer,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorFlowPredictRequest {
        defer { reader.trim(keeping: 1 << 20) }
        let context = try unsafe begin(json, model: model)
        var request: TensorFlowPredictRequest?
        var hasSignature = false
        while try nextMember() {
            if reader.isKey("instances") {
                try checkAlone("instances", beside: request, form: .rows)
                request = TensorFlowPredictRequest(
                    inputs: try decodeRows(context: context, memory: &memory),
                    form: .rows
                )
            } else if reader.isKey("inputs") {
                try checkAlone("inputs", beside: request, form: .columns)
                request = TensorFlowPredictRequest(
                    inputs: try decodeColumns(context: context, memory: &memory),
                    form: .columns
                )
            } else {
                try decodeCommonMember(hasSignature: &hasSignature)
            }
        }
        try whole { reader throws(JSONFailure) in try reader.end() }
        guard let request else { throw .missingForm }
        return request
    }

    /// Decodes a classify or regress request.
    ///
    /// Features go to the inputs of their names; those that no input is named after are ignored.
    ///
    /// - Parameters:
    ///   - json: The body, with `JSONReader.padding` readable bytes behind it.
    ///   - model: The model asked.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The request.
    /// - Throws: As `decodePredict`.
    package func decodeExamples(
        json: UnsafeRawBufferPointer,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorFlowExamplesRequest {
        defer { reader.trim(keeping: 1 << 20) }
        let context = try unsafe begin(json, model: model)
        var common: ExampleColumns?
        var examples: ExampleColumns?
        var hasSignature = false
        while try nextMember() {
            if reader.isKey("context") {
                guard common == nil else { throw .duplicate("context") }
                common = try decodeContext(context: context, memory: &memory)
            } else if reader.isKey("examples") {
                guard examples == nil else { throw .duplicate("examples") }
                examples = try decodeExampleList(context: context, memory: &memory)
            } else {
                try decodeCommonMember(hasSignature: &hasSignature)
            }
        }
        try whole { reader throws(JSONFailure) in try reader.end() }
        guard let examples else { throw .missingExamples }
        return TensorFlowExamplesRequest(
            inputs: try join(examples, with: common, context: context, memory: &memory),
            count: examples.count
        )
    }

    private func begin(
        _ json: UnsafeRawBufferPointer,
        model: ModelDescription
    ) throws(InferenceError) -> Context {
        guard unsafe !json.isEmpty else { throw .emptyDocument }
        try whole { reader throws(JSONFailure) in try unsafe reader.begin(json) }
        return Context(model: model, jsonByteCount: json.count)
    }

    /// Reads a member that all requests may have; all others are checked and ignored.
    private func decodeCommonMember(hasSignature: inout Bool) throws(InferenceError) {
        guard reader.isKey("signature_name") else { return try skip() }
        guard !hasSignature else { throw .duplicate("signature_name") }
        hasSignature = true
        guard reader.kind == .string else { throw .signatureNotText }
        let name = try whole { reader throws(JSONFailure) in try reader.readString() }
        guard TensorFlowSignature.isServed(name) else { throw .unknownSignature(name) }
    }

    private func checkAlone(
        _ name: String,
        beside other: TensorFlowPredictRequest?,
        form: TensorFlowPredictForm
    ) throws(InferenceError) {
        guard let other else { return }
        throw other.form == form ? .duplicate(name) : .bothForms
    }
}

extension TensorFlowServingDecoder {
    /// Runs a read and names the place in its failure.
    func field<Value>(
        _ place: @autoclosure () -> String,
        expected: @autoclosure () -> String,
        _ read: (JSONReader) throws(JSONFailure) -> Value
    ) throws(InferenceError) -> Value {
        do throws(JSONFailure) {
            return try read(reader)
        } catch {
            throw .tensorFlowJSON(error, at: place(), expected: expected())
        }
    }

    /// Runs a step whose failure is the document's as a whole.
    func whole<Value>(_ step: (JSONReader) throws(JSONFailure) -> Value) throws(InferenceError) -> Value {
        try field("", expected: "a JSON object", step)
    }

    func nextMember() throws(InferenceError) -> Bool {
        try whole { reader throws(JSONFailure) in try reader.nextMember() }
    }

    func nextElement() throws(InferenceError) -> Bool {
        try whole { reader throws(JSONFailure) in try reader.nextElement() }
    }

    /// Passes over a value that nobody wants; TensorFlow Serving takes bare NaN and Infinity everywhere.
    func skip() throws(InferenceError) {
        try whole { reader throws(JSONFailure) in try reader.skipValues() }
    }
}
