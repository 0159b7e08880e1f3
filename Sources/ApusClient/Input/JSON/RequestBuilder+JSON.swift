internal import ApusCore

extension RequestBuilder {
    /// Reads a v2 request, an object with a member for each input, or plain data for a one-input model.
    func jsonRequest(_ bytes: [UInt8]) throws(ClientError) -> PreparedRequest {
        let json: JSONValue
        do {
            json = try JSONParser.parse(bytes)
        } catch {
            throw ClientError(.invalidInput, "the input is not JSON: \(error)", cause: error)
        }
        if let inputs = json["inputs"]?.elements, inputs.allSatisfy({ $0["name"] != nil }) {
            try checkElements(ofRequest: inputs)
            return .complete(bytes)
        }
        if case .object(let members) = json { return .tensors(try namedTensors(members)) }
        return .tensors([try tensor(json, for: soleInput(for: "a plain JSON array"))])
    }

    private func namedTensors(_ members: [JSONMember]) throws(ClientError) -> [InputTensor] {
        var tensors: [InputTensor] = []
        for input in metadata.inputs {
            guard let value = members.last(where: { $0.name == input.name })?.value else {
                guard !input.isOptional else { continue }
                let message = "the JSON object is no v2 request and has no member for input '\(input.name)'"
                throw ClientError(.invalidInput, message)
            }
            tensors.append(try tensor(value, for: input))
        }
        if let stranger = members.first(where: { member in !metadata.inputs.contains { $0.name == member.name } }) {
            let names = metadata.inputs.map { "'\($0.name)'" }.joined(separator: ", ")
            let message = "'\(Terminal.printable(stranger.name))' is no input of the model; it takes \(names)"
            throw ClientError(.invalidInput, message)
        }
        return tensors
    }

    private func tensor(_ value: JSONValue, for input: TensorSpecification) throws(ClientError) -> InputTensor {
        let data = try NestedData(value, for: input)
        let shape = try ShapeFit(input).shape(dimensions: data.dimensions)
        return InputTensor(input, shape: shape, elements: data.elements)
    }

    /// Looks at the values of a v2 request, whose arrays may be nested in any way; the rest is the server's to judge.
    private func checkElements(ofRequest inputs: [JSONValue]) throws(ClientError) {
        for input in inputs {
            guard let data = input["data"], let name = input["name"]?.text,
                let specification = metadata.inputs.first(where: { $0.name == name })
            else { continue }
            var path: [Int] = []
            try check(data, at: &path, for: specification)
        }
    }

    private func check(
        _ value: JSONValue,
        at path: inout [Int],
        for input: TensorSpecification
    ) throws(ClientError) {
        guard case .array(let parts) = value else {
            do {
                _ = try ElementRule(input.dataType).element(json: value)
            } catch {
                throw NestedData.fault(input, at: path, error.message)
            }
            return
        }
        for (index, part) in parts.enumerated() {
            path.append(index)
            try check(part, at: &path, for: input)
            path.removeLast()
        }
    }
}
