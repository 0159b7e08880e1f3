package import ApusCore

/// Encodes the answer to a v2 inference request: JSON with its numbers written straight from tensor memory, and the
/// list of tensors whose bytes follow it.
package struct V2ResponseEncoder: Sendable {
    private let id: String
    private let model: ModelDescription
    private let outputs: [NamedTensor]
    private let isBinary: [Bool]

    /// Prepares an answer.
    ///
    /// - Parameters:
    ///   - id: The request's id; left out when empty.
    ///   - model: The version that answered.
    ///   - outputs: The tensors, in the order to be sent.
    ///   - request: What the request said of binary outputs.
    /// - Throws: `invalidArgument` when a BYTES output that isn't UTF-8 was asked for as JSON.
    package init(
        id: String,
        model: ModelDescription,
        outputs: [NamedTensor],
        request: V2OutputForm
    ) throws(InferenceError) {
        self.id = id
        self.model = model
        self.outputs = outputs
        self.isBinary = outputs.indices.map { request.isBinary(outputs[$0].name) }
        for index in outputs.indices where !isBinary[index] && outputs[index].tensor.dataType == .bytes {
            try V2ResponseEncoder.checkText(outputs[index])
        }
    }

    /// The most bytes that the JSON takes.
    package var jsonBound: Int {
        var bound = 96 + JSONWriter.bound(string: id) + JSONWriter.bound(string: model.id.name.description)
        for index in outputs.indices {
            bound += 128 + JSONWriter.bound(string: outputs[index].name) + outputs[index].tensor.shape.rank * 21
            guard !isBinary[index] else { continue }
            bound += JSONWriter.bound(elementsOf: outputs[index].tensor)
            bound += outputs[index].tensor.shape.elementCount * 3
        }
        return bound
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
        let bytes = output.tensor.storage.bytes
        for (index, range) in (BytesElements.ranges(in: bytes) ?? []).enumerated() {
            guard JSONWriter.isUTF8(bytes.extracting(range)) else {
                throw InferenceError(
                    .invalidArgument,
                    "output '\(output.name)' can't be given as JSON: element \(index) is not UTF-8",
                    field: output.name,
                    hint: "ask for it as binary: \"parameters\":{\"binary_data\":true} on the output"
                )
            }
        }
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
