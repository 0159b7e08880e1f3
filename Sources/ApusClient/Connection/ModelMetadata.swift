package import ApusCore

/// What a server says of a model: its versions, and what goes in and comes out.
package struct ModelMetadata: Sendable, Hashable {
    /// The model's name.
    package let name: String
    /// Versions that are ready, as the server writes them.
    package let versions: [String]
    /// The wire's `platform`.
    package let platform: String
    /// Inputs in the model's order.
    package let inputs: [TensorSpecification]
    /// Outputs in the model's order.
    package let outputs: [TensorSpecification]

    /// Collects what is known of a model.
    package init(
        name: String,
        versions: [String],
        platform: String,
        inputs: [TensorSpecification],
        outputs: [TensorSpecification]
    ) {
        self.name = name
        self.versions = versions
        self.platform = platform
        self.inputs = inputs
        self.outputs = outputs
    }

    /// Reads a v2 model metadata object.
    package init(json: JSONValue) throws(ClientError) {
        guard let name = json["name"]?.text, let inputs = json["inputs"]?.elements else {
            throw ClientError(.invalidAnswer, "the model's metadata has no name or no inputs; is it a v2 server?")
        }
        self.init(
            name: name,
            versions: (json["versions"]?.elements ?? []).compactMap(\.text),
            platform: json["platform"]?.text ?? "",
            inputs: try ModelMetadata.specifications(inputs),
            outputs: try ModelMetadata.specifications(json["outputs"]?.elements ?? [])
        )
    }

    /// Inputs that a request has to bring.
    package var requiredInputs: [TensorSpecification] { inputs.filter { !$0.isOptional } }

    /// The input that data without a name is for: the only one, or the only one that is required.
    package var soleInput: TensorSpecification? {
        if inputs.count == 1 { return inputs[0] }
        return requiredInputs.count == 1 ? requiredInputs[0] : nil
    }

    private static func specifications(_ elements: [JSONValue]) throws(ClientError) -> [TensorSpecification] {
        var result: [TensorSpecification] = []
        for element in elements { result.append(try specification(element)) }
        return result
    }

    private static func specification(_ json: JSONValue) throws(ClientError) -> TensorSpecification {
        guard let name = json["name"]?.text, let datatype = json["datatype"]?.text,
            let dimensions = json["shape"]?.elements
        else {
            throw ClientError(.invalidAnswer, "a tensor in the model's metadata has no name, datatype or shape")
        }
        guard let type = DataType(rawValue: datatype) else {
            let message = "'\(Terminal.printable(name))' has datatype '\(Terminal.printable(datatype))', unknown here"
            throw ClientError(.invalidAnswer, message)
        }
        let shape = dimensions.compactMap(\.integer)
        guard shape.count == dimensions.count, shape.count <= TensorShape.maxRank, shape.allSatisfy({ $0 >= -1 })
        else {
            throw ClientError(.invalidAnswer, "'\(Terminal.printable(name))' has an illegal shape in the metadata")
        }
        let isOptional = json["optional"] == .bool(true)
        return TensorSpecification(name: name, dataType: type, shape: shape, isOptional: isOptional)
    }
}
