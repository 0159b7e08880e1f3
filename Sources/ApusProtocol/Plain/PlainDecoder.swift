package import ApusCore

/// Decodes plain JSON: values by the names of a model's inputs, without shapes and types, which the model has.
///
/// One belongs to one event loop. `docs/plain-json.md` has the forms, and how they are told apart where an input has the
/// name of one of the protocol's words.
package final class PlainDecoder {
    /// What has been read of a request so far.
    struct Draft {
        let model: ModelDescription
        var request = PlainRequest()
        var tensors: [Tensor?]
        /// The word or the input that decided what form it is; empty before.
        var formWord = ""
        /// The fewest leading dimensions that were added to an input.
        var fewestAdded = Int.max

        init(model: ModelDescription) {
            self.model = model
            self.tensors = Array(repeating: nil, count: model.inputs.count)
        }
    }

    let v2: V2RequestDecoder

    /// Makes a decoder; `nil` when there is no memory.
    package init?(limits: InputLimits) {
        guard let v2 = V2RequestDecoder(limits: limits) else { return nil }
        self.v2 = v2
    }

    var reader: JSONReader { v2.reader }
    var limits: InputLimits { v2.limits }

    /// Decodes one request.
    ///
    /// - Parameters:
    ///   - json: The text, with `JSONReader.padding` readable bytes behind it.
    ///   - model: The model asked, whose inputs say what is expected.
    ///   - memory: Where tensor memory comes from.
    /// - Returns: The request, with all inputs that the model can't do without.
    /// - Throws: `invalidArgument` that names the input and the place at fault, `resourceExhausted` without memory.
    package func decode(
        json: UnsafeRawBufferPointer,
        model: ModelDescription,
        memory: inout RequestMemory
    ) throws(InferenceError) -> PlainRequest {
        defer { reader.trim(keeping: 1 << 20) }
        do throws(PlainFault) {
            guard unsafe !json.isEmpty else { throw PlainFault.empty }
            var draft = Draft(model: model)
            let isArray = try whole { reader throws(JSONFailure) in try unsafe reader.beginAny(json) }
            if isArray {
                draft.request.form = PlainForm(.value)
                try readOnlyInput(into: &draft, word: "", memory: &memory)
            } else {
                try readMembers(into: &draft, memory: &memory)
            }
            try whole { reader throws(JSONFailure) in try reader.end() }
            return try complete(&draft)
        } catch {
            throw error.inferenceError(model: model)
        }
    }

    private func readMembers(into draft: inout Draft, memory: inout RequestMemory) throws(PlainFault) {
        while try nextMember() {
            if reader.isKey("parameters"), reader.kind == .object {
                try readParameters(into: &draft)
            } else if reader.isKey("inputs"), isWord("inputs", in: draft.model) || reader.kind == .object {
                try note(word: "inputs", .outputs(isNamed: reader.kind == .object), in: &draft)
                if reader.kind == .object {
                    try whole { reader throws(JSONFailure) in try reader.enterObject() }
                    while try nextMember() { try readInput(into: &draft, prefix: "inputs.", memory: &memory) }
                } else {
                    try readOnlyInput(into: &draft, word: "inputs", memory: &memory)
                }
            } else if reader.isKey("data"), isWord("data", in: draft.model) {
                try note(word: "data", .predictions, in: &draft)
                try readOnlyInput(into: &draft, word: "data", memory: &memory)
            } else {
                let word = draft.formWord
                guard word != "inputs", word != "data" else { throw .mixed(reader.key, with: word) }
                draft.formWord = "a name"
                try readInput(into: &draft, prefix: "", memory: &memory)
            }
        }
    }

    /// Whether a word of the protocol means itself: a model of several inputs may have one of this name.
    private func isWord(_ word: String, in model: ModelDescription) -> Bool {
        model.inputs.count == 1 || !model.inputs.contains { $0.name == word }
    }

    private func note(word: String, _ frame: PlainForm.Frame, in draft: inout Draft) throws(PlainFault) {
        guard draft.formWord.isEmpty else {
            if draft.formWord == word { throw .duplicate(word) }
            throw .mixed(word, with: draft.formWord)
        }
        draft.formWord = word
        draft.request.form = PlainForm(frame)
    }

    private func readParameters(into draft: inout Draft) throws(PlainFault) {
        do throws(V2DecodingFault) {
            try v2.decodeParameters(into: &draft.request.parameters)
        } catch {
            throw .parameters(error)
        }
    }

    /// Reads the current member as an input of its name.
    private func readInput(
        into draft: inout Draft,
        prefix: String,
        memory: inout RequestMemory
    ) throws(PlainFault) {
        guard let index = draft.model.inputs.firstIndex(where: { reader.isKey(named: $0.name) }) else {
            throw .unknownInput(prefix + reader.key)
        }
        let name = draft.model.inputs[index].name
        guard draft.tensors[index] == nil else { throw .duplicate(prefix + name) }
        try readTensor(of: index, into: &draft, field: prefix.isEmpty ? name : prefix + name, memory: &memory)
    }

    /// Reads the current value, or the root array, as the input of a model that has but one.
    func readOnlyInput(
        into draft: inout Draft,
        word: String,
        memory: inout RequestMemory
    ) throws(PlainFault) {
        // Inputs with a default may stay away; the one that has none is meant.
        let required = draft.model.inputs.indices.filter { !draft.model.inputs[$0].isOptional }
        guard let index = draft.model.inputs.count == 1 ? 0 : required.first, required.count <= 1 else {
            throw .severalInputs(word)
        }
        try readTensor(of: index, into: &draft, field: word, memory: &memory)
    }

    /// Looks that nothing is missing and puts the inputs in order.
    func complete(_ draft: inout Draft) throws(PlainFault) -> PlainRequest {
        let inputs = draft.model.inputs
        draft.request.inputs.reserveCapacity(inputs.count)
        for index in inputs.indices {
            if let tensor = draft.tensors[index] {
                draft.request.inputs.append(NamedTensor(name: inputs[index].name, tensor: tensor))
            } else if !inputs[index].isOptional {
                throw .missingInput(inputs[index].name)
            }
        }
        draft.request.form.omitsBatch = draft.fewestAdded > 0 && !draft.request.inputs.isEmpty
        return draft.request
    }
}

extension PlainDecoder {
    func nextMember() throws(PlainFault) -> Bool {
        try whole { reader throws(JSONFailure) in try reader.nextMember() }
    }

    /// Runs a step whose failure is the document's as a whole.
    func whole<Value>(_ step: (JSONReader) throws(JSONFailure) -> Value) throws(PlainFault) -> Value {
        do throws(JSONFailure) {
            return try step(reader)
        } catch {
            throw .json(error)
        }
    }
}
