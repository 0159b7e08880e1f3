package import ApusCore

/// Decodes v2 inference requests: JSON with its numbers written straight into tensor memory, binary tensors behind it.
///
/// One belongs to one event loop. Members may come in any order; unknown ones are checked and ignored; the same known
/// member twice is an error.
package final class V2RequestDecoder {
    /// The model and what the request arrived with, for one call of `decode`.
    struct Context {
        let model: ModelDescription
        let allocator: any TensorAllocator
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

    /// Decodes one request.
    ///
    /// - Parameters:
    ///   - json: The JSON part, with `JSONReader.padding` readable bytes behind it.
    ///   - binary: What follows the JSON part.
    ///   - model: The model asked, for messages.
    ///   - allocator: Where tensor memory comes from.
    /// - Returns: The request as it was said; nothing has been compared with the model.
    /// - Throws: `invalidArgument` that names the member at fault.
    package func decode(
        json: UnsafeRawBufferPointer,
        binary: some BinaryBody,
        model: ModelDescription,
        allocator: any TensorAllocator
    ) throws(InferenceError) -> V2InferRequest {
        defer { reader.trim(keeping: 1 << 20) }
        let context = Context(model: model, allocator: allocator, jsonByteCount: json.count)
        var request = V2InferRequest()
        var drafts: [V2InputDraft] = []
        do {
            try unsafe reader.begin(json)
            try decodeRoot(into: &request, drafts: &drafts, context: context)
            try reader.end()
            if drafts.contains(where: { $0.source == .deferred }) {
                try decodeDeferred(&drafts, context: context)
            }
        } catch let error as V2DecodingFault {
            throw error.inferenceError(model: model)
        } catch let failure as JSONFailure {
            throw V2DecodingFault.json(failure, field: "", expected: "a JSON object").inferenceError(model: model)
        } catch {
            throw InferenceError(.internalFailure, "decoding failed: \(error)", cause: error)
        }
        request.inputs = try resolve(&drafts, binary: binary, context: context)
        return request
    }

    private func decodeRoot(
        into request: inout V2InferRequest,
        drafts: inout [V2InputDraft],
        context: Context
    ) throws {
        var seen = SeenMembers()
        while try reader.nextMember() {
            if reader.isKey("inputs") {
                try seen.note(1, "inputs")
                try decodeInputs(into: &drafts, context: context)
            } else if reader.isKey("outputs") {
                try seen.note(2, "outputs")
                try decodeOutputs(into: &request)
            } else if reader.isKey("id") {
                try seen.note(4, "id")
                request.id = try field("id", expected: "a string") { try $0.readString() }
            } else if reader.isKey("parameters") {
                try seen.note(8, "parameters")
                try decodeParameters(into: &request)
            } else {
                try reader.skip()
            }
        }
    }

    private func decodeInputs(into drafts: inout [V2InputDraft], context: Context) throws {
        try field("inputs", expected: "an array of objects") { try $0.enterArray() }
        while try reader.nextElement() {
            guard drafts.count < limits.maxTensors else {
                throw V2DecodingFault.limit(field: "inputs", expected: "at most \(limits.maxTensors) tensors")
            }
            drafts.append(try decodeInput(index: drafts.count, context: context))
        }
    }

    private func decodeOutputs(into request: inout V2InferRequest) throws {
        try field("outputs", expected: "an array of objects") { try $0.enterArray() }
        while try reader.nextElement() {
            guard request.outputs.count < limits.maxTensors else {
                throw V2DecodingFault.limit(field: "outputs", expected: "at most \(limits.maxTensors) tensors")
            }
            request.outputs.append(try decodeOutput(index: request.outputs.count))
        }
    }

    /// The second pass, for inputs whose `data` came before their `shape` or `datatype`.
    private func decodeDeferred(_ drafts: inout [V2InputDraft], context: Context) throws {
        try reader.rewind()
        while try reader.nextMember() {
            guard reader.isKey("inputs") else {
                try reader.skip()
                continue
            }
            try reader.enterArray()
            var index = 0
            while try reader.nextElement() {
                try reader.enterObject()
                while try reader.nextMember() {
                    if reader.isKey("data"), drafts[index].source == .deferred {
                        try decodeData(into: &drafts[index], index: index, context: context)
                    } else {
                        try reader.skip()
                    }
                }
                index += 1
            }
        }
    }

    /// Runs a read and names the member in its failure.
    func field<Value>(
        _ name: @autoclosure () -> String,
        expected: @autoclosure () -> String,
        _ read: (JSONReader) throws -> Value
    ) throws(V2DecodingFault) -> Value {
        do {
            return try read(reader)
        } catch {
            let failure = error as? JSONFailure ?? JSONFailure(kind: .syntax)
            throw .json(failure, field: name(), expected: expected())
        }
    }
}

/// Which known members of an object have been met, so that a second one is refused.
struct SeenMembers {
    private var bits: UInt32 = 0

    /// Notes a member by its bit.
    mutating func note(_ bit: UInt32, _ name: @autoclosure () -> String) throws(V2DecodingFault) {
        guard bits & bit == 0 else { throw .duplicate(field: name()) }
        bits |= bit
    }
}
