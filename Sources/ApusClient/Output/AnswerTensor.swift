package import ApusCore

/// One output of an answer, with its values as text.
package struct AnswerTensor: Sendable, Hashable {
    /// The output's name.
    package let name: String
    /// The element type as the server writes it.
    package let datatype: String
    /// Its dimensions.
    package let shape: TensorShape
    /// The elements in row-major order; numbers as the server wrote them.
    package let values: [String]

    /// Reads the outputs of a v2 inference response.
    package static func outputs(ofAnswer json: JSONValue) throws(ClientError) -> [AnswerTensor] {
        guard let outputs = json["outputs"]?.elements else {
            throw ClientError(.invalidAnswer, "the answer has no 'outputs'; --output json shows what came")
        }
        var result: [AnswerTensor] = []
        for output in outputs { result.append(try AnswerTensor(json: output)) }
        return result
    }

    private init(json: JSONValue) throws(ClientError) {
        let name = json["name"]?.text ?? ""
        let dimensions = (json["shape"]?.elements ?? []).map(\.integer)
        guard let data = json["data"], let shape = TensorShape(dimensions.map { $0 ?? -1 }) else {
            let fault = "output '\(Terminal.printable(name))' has no data or no legal shape"
            throw ClientError(.invalidAnswer, "\(fault); --output json shows what came")
        }
        var values: [String] = []
        AnswerTensor.flatten(data, into: &values)
        guard values.count == shape.elementCount else {
            let message =
                "output '\(Terminal.printable(name))' has \(values.count) values, its shape \(shape) says "
                + "\(shape.elementCount); --output json shows what came"
            throw ClientError(.invalidAnswer, message)
        }
        self.name = name
        self.datatype = json["datatype"]?.text ?? ""
        self.shape = shape
        self.values = values
    }

    /// How many values belong to one index of the first dimension.
    var valuesPerRow: Int {
        shape.rank == 0 || shape.dimensions[0] == 0 ? shape.elementCount : shape.elementCount / shape.dimensions[0]
    }

    private static func flatten(_ value: JSONValue, into values: inout [String]) {
        switch value {
        case .array(let elements): for element in elements { flatten(element, into: &values) }
        case .number(let text), .string(let text): values.append(text)
        case .bool(let flag): values.append(flag ? "true" : "false")
        case .null: values.append("null")
        case .object: values.append("{…}")
        }
    }
}
