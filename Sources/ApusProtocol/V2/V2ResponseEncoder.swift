package import ApusCore

/// Encodes the answer to a v2 inference request: JSON with its numbers written straight from tensor memory, and the
/// list of tensors whose bytes follow it.
package struct V2ResponseEncoder: Sendable {
    private let id: String
    private let model: ModelDescription
    private let outputs: [NamedTensor]
    private let isBinary: [Bool]
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
        model: ModelDescription,
        outputs: [NamedTensor],
        request: V2OutputForm,
        maxBytes: Int
    ) throws(InferenceError) {
        self.id = id
        self.model = model
        self.outputs = outputs
        self.isBinary = outputs.map { request.isBinary($0.name) }
        var bound = 96 + JSONWriter.bound(string: id) + JSONWriter.bound(string: model.id.name.description)
        var binaryByteCount = 0
        for (output, isBinary) in zip(outputs, isBinary) {
            bound += 128 + JSONWriter.bound(string: output.name) + output.tensor.shape.rank * 21
            if isBinary {
                binaryByteCount += output.tensor.storage.byteCount
            } else {
                bound += JSONWriter.bound(elementsOf: output.tensor)
            }
        }
        self.jsonBound = bound
        self.bound = bound + binaryByteCount
        guard self.bound <= maxBytes else {
            throw V2ResponseEncoder.tooLarge(self.bound, maxBytes: maxBytes, hasJSON: isBinary.contains(false))
        }
        for index in outputs.indices where !isBinary[index] && outputs[index].tensor.dataType == .bytes {
            try V2ResponseEncoder.checkText(outputs[index])
        }
    }

    /// The tensors whose bytes follow the JSON, in their order; empty when all is JSON.
    package var binaryTensors: [Tensor] {
        guard isBinary.contains(true) else { return [] }
        return zip(outputs, isBinary).filter(\.1).map(\.0.tensor)
    }

    /// Writes the JSON; the span has room for `jsonBound` bytes.
    package func write(into span: inout OutputRawSpan) {
        var writer = JSONWriter(span)
        writer.raw("{")
        if !id.isEmpty {
            writer.raw("\"id\":")
            writer.string(id)
            writer.raw(",")
        }
        writer.raw("\"model_name\":\"")
        writer.unescaped(model.id.name.description)
        writer.raw("\",\"model_version\":\"")
        writer.integer(Int(model.id.version.number))
        writer.raw("\",\"outputs\":[")
        for index in outputs.indices {
            if index > 0 { writer.raw(",") }
            write(outputs[index], isBinary: isBinary[index], to: &writer)
        }
        writer.raw("]}")
        span = writer.finish()
    }

    private func write(_ output: NamedTensor, isBinary: Bool, to writer: inout JSONWriter) {
        let tensor = output.tensor
        writer.raw("{\"name\":")
        writer.string(output.name)
        writer.raw(",\"datatype\":\"")
        writer.unescaped(tensor.dataType.rawValue)
        writer.raw("\",\"shape\":[")
        for axis in 0..<tensor.shape.rank {
            if axis > 0 { writer.raw(",") }
            writer.integer(tensor.shape.dimensions[axis])
        }
        if isBinary {
            writer.raw("],\"parameters\":{\"binary_data_size\":")
            writer.integer(tensor.storage.byteCount)
            writer.raw("}}")
        } else {
            writer.raw("],\"data\":[")
            if tensor.dataType == .bytes {
                writer.textElements(of: tensor)
            } else {
                writer.elements(of: tensor)
            }
            writer.raw("]}")
        }
    }

    private static func checkText(_ output: NamedTensor) throws(InferenceError) {
        guard let index = JSONWriter.firstElementThatIsNoText(in: output.tensor) else { return }
        throw InferenceError(
            .invalidArgument,
            "output '\(output.name)' can't be given as JSON: element \(index) is not UTF-8",
            field: output.name,
            hint: "ask for it as binary: \"parameters\":{\"binary_data\":true} on the output"
        )
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

    func isBinary(_ name: String) -> Bool {
        for output in listed where output.name == name {
            return output.isBinary
        }
        return others
    }
}
