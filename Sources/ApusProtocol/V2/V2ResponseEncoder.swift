package import ApusCore

/// Encodes the answer to a v2 inference request: JSON with its numbers written straight from tensor memory, and the
/// list of tensors whose bytes follow it.
package struct V2ResponseEncoder: Sendable {
    private let id: String
    /// The version that answered; not its description, an object that all event loops share.
    private let model: ModelID
    private let outputs: [NamedTensor]
    /// Where each output goes; `nil` where all go to `defaultPlace`, as they mostly do.
    private let places: [V2OutputForm.Place]?
    private let defaultPlace: V2OutputForm.Place
    /// The bytes that follow the JSON.
    package let binaryByteCount: Int
    /// The most bytes that the JSON takes.
    package let jsonBound: Int
    /// The most bytes that the whole answer takes.
    package let bound: Int

    /// Prepares an answer and measures it out; no memory is taken for it yet.
    ///
    /// - Parameters:
    ///   - id: The request's id; left out when empty.
    ///   - model: The version that answered.
    ///   - outputs: The tensors, in the order to be sent.
    ///   - request: What the request said of binary outputs.
    ///   - maxBytes: The most bytes that the answer may take.
    /// - Throws: `tooLarge` when it might take more, `invalidArgument` when a BYTES output that isn't UTF-8 was asked
    ///   for as JSON.
    package init(
        id: String,
        model: ModelID,
        outputs: [NamedTensor],
        request: V2OutputForm,
        maxBytes: Int
    ) throws(InferenceError) {
        self.id = id
        self.model = model
        self.outputs = outputs
        let places = request.places(of: outputs)
        let defaultPlace = request.defaultPlace
        var bound = JSONWriter.bound(answerHead: id, model: model)
        var binaryByteCount = 0
        var (hasJSON, hasText) = (false, false)
        for index in outputs.indices {
            bound += 128 + JSONWriter.bound(string: outputs[index].name) + outputs[index].tensor.shape.rank * 21
            switch places?[index] ?? defaultPlace {
            case .binary: binaryByteCount += outputs[index].tensor.storage.byteCount
            case .json:
                bound += JSONWriter.bound(elementsOf: outputs[index].tensor)
                hasJSON = true
                hasText = hasText || outputs[index].tensor.dataType == .bytes
            case .elsewhere: break
            }
        }
        self.places = places
        self.defaultPlace = defaultPlace
        self.binaryByteCount = binaryByteCount
        self.jsonBound = bound
        self.bound = bound + binaryByteCount
        guard self.bound <= maxBytes else {
            throw V2ResponseEncoder.tooLarge(self.bound, maxBytes: maxBytes, hasJSON: hasJSON)
        }
        guard hasText else { return }
        for index in outputs.indices where place(index) == .json && outputs[index].tensor.dataType == .bytes {
            try JSONWriter.checkText(
                outputs[index],
                hint: "ask for it as binary: \"parameters\":{\"binary_data\":true} on the output"
            )
        }
    }

    /// Lends the tensors whose bytes follow the JSON, in their order.
    package func forEachBinaryTensor(_ take: (Tensor) -> Void) {
        for index in outputs.indices where place(index) == .binary { take(outputs[index].tensor) }
    }

    private func place(_ index: Int) -> V2OutputForm.Place { places?[index] ?? defaultPlace }

    /// Writes the JSON; the span has room for `jsonBound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        writer.answerHead(id: id, model: model)
        writer.raw(",\"outputs\":[")
        for index in outputs.indices {
            if index > 0 { writer.raw(",") }
            write(outputs[index], place(index), to: &writer)
        }
        writer.raw("]}")
        span = writer.finish()
    }

    private func write(_ output: NamedTensor, _ place: V2OutputForm.Place, to writer: inout JSONWriter) {
        let tensor = output.tensor
        writer.raw("{\"name\":")
        writer.string(output.name)
        writer.raw(",\"datatype\":\"")
        writer.unescaped(tensor.dataType.rawValue)
        writer.raw("\",\"shape\":[")
        for axis in 0..<tensor.shape.rank {
            if axis > 0 { writer.raw(",") }
            writer.integer(tensor.shape[axis])
        }
        switch place {
        case .elsewhere:
            writer.raw("]}")
        case .binary:
            writer.raw("],\"parameters\":{\"binary_data_size\":")
            writer.integer(tensor.storage.byteCount)
            writer.raw("}}")
        case .json:
            writer.raw("],\"data\":[")
            if tensor.dataType == .bytes {
                writer.textElements(of: tensor)
            } else {
                writer.elements(of: tensor)
            }
            writer.raw("]}")
        }
    }

    private static func tooLarge(_ byteCount: Int, maxBytes: Int, hasJSON: Bool) -> InferenceError {
        InferenceError(
            .tooLarge,
            "the answer may become larger than allowed: up to \(byteCount) bytes, and max_answer_bytes is \(maxBytes)",
            expected: "an answer of at most \(maxBytes) bytes",
            got: "up to \(byteCount) bytes",
            hint: hasJSON
                ? "ask for binary outputs, which take a fraction of JSON, or for fewer outputs at once"
                : "ask for fewer outputs or a smaller batch at once"
        )
    }
}

/// Which outputs a request wants as bytes.
package struct V2OutputForm: Sendable {
    private let listed: [V2RequestedOutput]
    private let others: Bool

    /// Takes the rule from a request: what it listed, and the default for what it didn't.
    package init(listed: [V2RequestedOutput], others: Bool) {
        self.listed = listed
        self.others = others
    }

    /// Every output as bytes, as raw binary requests have it.
    package static let allBinary = V2OutputForm(listed: [], others: true)

    /// Where an output's data goes.
    enum Place {
        case json
        /// Behind the JSON.
        case binary
        /// Into memory of the client's.
        case elsewhere
    }

    /// Where an output goes that the request didn't list.
    var defaultPlace: Place { others ? .binary : .json }

    /// Where each of these outputs goes; `nil` when all go to `defaultPlace`.
    func places(of outputs: [NamedTensor]) -> [Place]? {
        listed.isEmpty ? nil : outputs.map { place(of: $0.name) }
    }

    /// Where the output of a name goes.
    func place(of name: String) -> Place {
        for output in listed where output.name == name {
            if output.special?.part != nil { return .elsewhere }
            return output.isBinary ? .binary : .json
        }
        return defaultPlace
    }

    /// Whether an output is to be changed, or put elsewhere, before the answer is written.
    package var hasSpecialOutputs: Bool { listed.contains { $0.special != nil } }

    /// Classifies outputs and puts them into shared memory, as the request said.
    ///
    /// - Parameters:
    ///   - outputs: The model's outputs.
    ///   - model: The version that answered.
    ///   - maxBytes: The most bytes that a classification may take.
    /// - Returns: The outputs of the answer.
    /// - Throws: `invalidArgument` for an output that can't be classified or doesn't fit its place.
    package func prepare(
        _ outputs: [NamedTensor],
        model: ModelDescription,
        maxBytes: Int
    ) throws(InferenceError) -> [NamedTensor] {
        var prepared: [NamedTensor] = []
        for output in outputs {
            let special = listed.first { $0.name == output.name }?.special
            if let part = special?.part { try part.write(output.tensor.storage, output: output.name) }
            guard let count = special?.classCount, count > 0 else {
                prepared.append(output)
                continue
            }
            let tensor = try Classification(of: output.name, count: count, model: model)
                .classify(output.tensor, maxBytes: maxBytes)
            prepared.append(NamedTensor(name: output.name, tensor: tensor))
        }
        return prepared
    }
}
