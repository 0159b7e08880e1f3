package import ApusCore

extension PlainDecoder {
    /// Decodes the values of a `GET`.
    ///
    /// - Throws: `invalidArgument` that names the element at fault, `resourceExhausted` without memory.
    package func decode(
        list: PlainList,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> PlainRequest {
        let isText = model.inputs.first { !$0.isOptional }?.dataType == .bytes
        let json: [UInt8]
        switch list {
        case .json(let text): json = Array(text.utf8)
        case .values(let values): json = PlainDecoder.array(of: values, isText: isText)
        }
        defer { reader.trim(keeping: 1 << 20) }
        do throws(PlainFault) {
            var draft = Draft(model: model)
            draft.request.form = PlainForm(.prediction)
            try readArray(json, field: "input_data", into: &draft, memory: &memory)
            return try complete(&draft)
        } catch {
            throw error.inferenceError(model: model)
        }
    }

    /// Decodes a body that is the one input's bytes.
    ///
    /// - Throws: `invalidArgument` when the model has several inputs or the size doesn't fit, `resourceExhausted` without
    ///   memory.
    package func decode(
        raw body: some BinaryBody,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> PlainRequest {
        var request = PlainRequest()
        request.form = PlainForm(.predictions)
        do throws(InferenceError) {
            request.inputs = try RawRequest(model: model, limits: limits).decode(body, memory: &memory).inputs
        } catch {
            guard error.code == .invalidArgument else { throw error }
            throw InferenceError(
                .invalidArgument,
                error.message,
                field: error.field == "Inference-Header-Content-Length" ? "" : error.field,
                expected: error.expected,
                got: error.got,
                hint: "the body is the input's elements, little-endian; JSON takes \(PlainExample(model).shortText)"
            )
        }
        return request
    }

    /// Reads a JSON array as the input of a model that has but one.
    private func readArray(
        _ json: [UInt8],
        field: String,
        into draft: inout Draft,
        memory: inout RequestMemory
    ) throws(PlainFault) {
        var draftCopy = draft
        let outcome: Result<Draft, PlainFault> = try unsafe withPadding(json, memory: &memory) { bytes, memory in
            do throws(PlainFault) {
                let isArray = try whole { reader throws(JSONFailure) in try unsafe reader.beginAny(bytes) }
                guard isArray else { throw PlainFault.json(JSONFailure(kind: .wrongType)) }
                try readOnlyInput(into: &draftCopy, word: field, memory: &memory)
                try whole { reader throws(JSONFailure) in try reader.end() }
                return .success(draftCopy)
            } catch {
                return .failure(error)
            }
        }
        draft = try outcome.get()
    }

    /// Lends a text that was made here to the reader.
    func withPadding<Result>(
        _ json: [UInt8],
        memory: inout RequestMemory,
        _ body: (UnsafeRawBufferPointer, inout RequestMemory) -> Result
    ) throws(PlainFault) -> Result {
        do throws(InferenceError) {
            try memory.charge(json.count + JSONReader.padding)
        } catch {
            throw .memory(error)
        }
        let padded = json + [UInt8](repeating: UInt8(ascii: " "), count: JSONReader.padding)
        return unsafe padded.withUnsafeBytes { bytes in
            unsafe body(UnsafeRawBufferPointer(rebasing: bytes[..<json.count]), &memory)
        }
    }

    /// An array of elements in JSON: strings, or what stands there, so that the reader names what is no number.
    private static func array(of values: [String], isText: Bool) -> [UInt8] {
        var text = JSONText()
        text.array { text in
            for value in values {
                if isText || !PlainNumber.isNumber(value) {
                    text.string(value)
                } else {
                    text.raw(PlainNumber.json(value))
                }
            }
        }
        return text.bytes
    }
}
