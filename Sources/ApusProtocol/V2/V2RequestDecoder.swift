package import ApusCore

/// Decodes v2 inference requests: JSON with its numbers written straight into tensor memory, binary tensors behind it.
///
/// One belongs to one event loop. Members may come in any order; unknown ones are checked and ignored; the same known
/// member twice is an error.
package final class V2RequestDecoder {
    /// The model and what the request arrived with, for one call of `decode`.
    struct Context {
        let model: ModelDescription
        let jsonByteCount: Int
    }

    let reader: JSONReader
    let limits: InputLimits
    let sharedMemory: any SharedMemoryRegions
    /// Memory for drafts, from request to request.
    private var spareDrafts: [V2InputDraft] = []

    /// Makes a decoder; `nil` when there is no memory.
    package init?(limits: InputLimits, sharedMemory: any SharedMemoryRegions = NoSharedMemory()) {
        guard let reader = JSONReader(maxDepth: limits.maxJSONDepth) else { return nil }
        self.reader = reader
        self.limits = limits
        self.sharedMemory = sharedMemory
    }

    /// Decodes one request.
    ///
    /// - Parameters:
    ///   - json: The JSON part, with `JSONReader.padding` readable bytes behind it.
    ///   - binary: What follows the JSON part.
    ///   - model: The model asked, for messages.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The request as it was said; nothing has been compared with the model.
    /// - Throws: `invalidArgument` that names the member at fault, `resourceExhausted` without memory.
    package func decode(
        json: UnsafeRawBufferPointer,
        binary: some BinaryBody,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> V2InferRequest {
        var drafts = spareDrafts
        spareDrafts = []
        defer {
            reader.trim(keeping: 1 << 20)
            drafts.removeAll(keepingCapacity: drafts.capacity <= 16)
            spareDrafts = drafts
        }
        let context = Context(model: model, jsonByteCount: json.count)
        var request = V2InferRequest()
        do throws(V2DecodingFault) {
            guard unsafe !json.isEmpty else { throw V2DecodingFault.empty }
            try whole { reader throws(JSONFailure) in try unsafe reader.begin(json) }
            try decodeRoot(into: &request, drafts: &drafts, context: context, memory: &memory)
            try whole { reader throws(JSONFailure) in try reader.end() }
            if drafts.contains(where: { $0.source == .deferred }) {
                try decodeDeferred(&drafts, context: context, memory: &memory)
            }
            request.inputs = try resolve(&drafts, binary: binary, memory: &memory)
        } catch {
            throw error.inferenceError(model: model)
        }
        return request
    }

    private func decodeRoot(
        into request: inout V2InferRequest,
        drafts: inout [V2InputDraft],
        context: Context,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) {
        var seen = SeenMembers()
        while try nextMember() {
            if reader.isKey("inputs") {
                try seen.note(1, "inputs")
                try decodeInputs(into: &drafts, context: context, memory: &memory)
            } else if reader.isKey("outputs") {
                try seen.note(2, "outputs")
                try decodeOutputs(into: &request)
            } else if reader.isKey("id") {
                try seen.note(4, "id")
                request.id = try field("id", expected: "a string") { reader throws(JSONFailure) in
                    try reader.readString()
                }
            } else if reader.isKey("parameters") {
                try seen.note(8, "parameters")
                try decodeParameters(into: &request)
            } else {
                try skip()
            }
        }
    }

    private func decodeInputs(
        into drafts: inout [V2InputDraft],
        context: Context,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) {
        try enterArray("inputs", expected: "an array of objects")
        while try nextElement() {
            guard drafts.count < limits.maxTensors else {
                throw .limit(field: "inputs", expected: "at most \(limits.maxTensors) tensors")
            }
            drafts.append(try decodeInput(index: drafts.count, context: context, memory: &memory))
        }
    }

    private func decodeOutputs(into request: inout V2InferRequest) throws(V2DecodingFault) {
        try enterArray("outputs", expected: "an array of objects")
        while try nextElement() {
            guard request.outputs.count < limits.maxTensors else {
                throw .limit(field: "outputs", expected: "at most \(limits.maxTensors) tensors")
            }
            request.outputs.append(try decodeOutput(index: request.outputs.count))
        }
    }

    /// The second pass, for inputs whose `data` came before their `shape` or `datatype`.
    private func decodeDeferred(
        _ drafts: inout [V2InputDraft],
        context: Context,
        memory: inout RequestMemory
    ) throws(V2DecodingFault) {
        try whole { reader throws(JSONFailure) in try reader.rewind() }
        while try nextMember() {
            guard reader.isKey("inputs") else {
                try skip()
                continue
            }
            try enterArray("inputs", expected: "an array of objects")
            var index = 0
            while try nextElement() {
                try enterObject("inputs[\(index)]")
                while try nextMember() {
                    if reader.isKey("data"), drafts[index].source == .deferred {
                        try decodeData(into: &drafts[index], index: index, context: context, memory: &memory)
                    } else {
                        try skip()
                    }
                }
                index += 1
            }
        }
    }
}

extension V2RequestDecoder {
    /// Runs a read and names the member in its failure.
    func field<Value>(
        _ name: @autoclosure () -> String,
        expected: @autoclosure () -> String,
        _ read: (JSONReader) throws(JSONFailure) -> Value
    ) throws(V2DecodingFault) -> Value {
        do throws(JSONFailure) {
            return try read(reader)
        } catch {
            throw .json(error, field: name(), expected: expected())
        }
    }

    /// Runs a step whose failure is the document's as a whole.
    func whole<Value>(_ step: (JSONReader) throws(JSONFailure) -> Value) throws(V2DecodingFault) -> Value {
        try field("", expected: "a JSON object", step)
    }

    func nextMember() throws(V2DecodingFault) -> Bool {
        try whole { reader throws(JSONFailure) in try reader.nextMember() }
    }

    func nextElement() throws(V2DecodingFault) -> Bool {
        try whole { reader throws(JSONFailure) in try reader.nextElement() }
    }

    func skip() throws(V2DecodingFault) {
        try whole { reader throws(JSONFailure) in try reader.skip() }
    }

    func enterObject(_ name: @autoclosure () -> String) throws(V2DecodingFault) {
        try field(name(), expected: "an object") { reader throws(JSONFailure) in try reader.enterObject() }
    }

    func enterArray(_ name: @autoclosure () -> String, expected: @autoclosure () -> String) throws(V2DecodingFault) {
        try field(name(), expected: expected()) { reader throws(JSONFailure) in try reader.enterArray() }
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
