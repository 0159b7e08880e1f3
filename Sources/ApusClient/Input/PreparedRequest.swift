internal import ApusCore

/// A request that is ready to be sent, in either form of the v2 protocol.
package enum PreparedRequest: Sendable, Hashable {
    /// A v2 request as the user wrote it.
    case complete([UInt8])
    /// Tensors that were read or made.
    case tensors([InputTensor])

    /// The request as JSON.
    package var jsonBody: [UInt8] {
        switch self {
        case .complete(let bytes):
            return bytes
        case .tensors(let tensors):
            let inputs = tensors.map { tensor in
                PreparedRequest.object(tensor, last: JSONMember("data", .array(tensor.elements)))
            }
            return JSONValue.object([JSONMember("inputs", .array(inputs))]).encoded
        }
    }

    /// The request with binary tensors both ways: a JSON header, then the inputs' bytes.
    ///
    /// - Returns: The body, and how many bytes of it are the header.
    package func binaryBody() throws(ClientError) -> (body: [UInt8], headerLength: Int) {
        guard case .tensors(let tensors) = self else {
            let message = "a whole v2 request is sent as it is; for --binary give plain data as JSON, CSV or NPY"
            throw ClientError(.invalidOption, message)
        }
        let payloads = tensors.map(\.binary)
        let inputs = zip(tensors, payloads).map { tensor, payload in
            let size = JSONMember("binary_data_size", .number(String(payload.count)))
            return PreparedRequest.object(tensor, last: JSONMember("parameters", .object([size])))
        }
        let output = JSONMember("parameters", .object([JSONMember("binary_data_output", .bool(true))]))
        var body = JSONValue.object([JSONMember("inputs", .array(inputs)), output]).encoded
        let headerLength = body.count
        for payload in payloads { body += payload }
        return (body, headerLength)
    }

    private static func object(_ tensor: InputTensor, last: JSONMember) -> JSONValue {
        .object([
            JSONMember("name", .string(tensor.specification.name)),
            JSONMember("shape", .array(tensor.shape.dimensions.map { .number(String($0)) })),
            JSONMember("datatype", .string(tensor.specification.dataType.rawValue)),
            last,
        ])
    }
}
