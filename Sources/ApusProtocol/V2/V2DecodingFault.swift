internal import ApusCore

/// What is wrong with a v2 request, before the words for it are made.
enum V2DecodingFault: Error {
    /// There is no JSON at all.
    case empty
    case json(JSONFailure, field: String, expected: String = "")
    case element(JSONFailure, index: Int, dataType: DataType)
    case missing(field: String, expected: String)
    case duplicate(field: String)
    case limit(field: String, expected: String)
    case shape(index: Int, dimensions: [Int])
    case dataType(index: Int, got: String)
    case count(index: Int, name: String?, shape: TensorShape, got: Int?)
    case sources(index: Int, name: String)
    case shortBinary(name: String, missing: Int)
    case leftover(byteCount: Int)
    case byteSize(name: String, expected: Int?, got: Int)
    case bytesElements(name: String, expected: Int)
    case reservedParameter(String)
    case unsupported(field: String)
    /// Memory that couldn't be had, in the words of who refused it.
    case memory(InferenceError)
}

extension V2DecodingFault {
    /// The error to answer with.
    func inferenceError(model: ModelDescription) -> InferenceError {
        let name = model.id.name.description
        switch self {
        case .empty:
            return invalid(
                "failed to parse the request JSON buffer: the body is empty",
                expected: "a JSON object with the member 'inputs'",
                got: "nothing"
            )
        case .json(let failure, let field, let expected):
            return V2DecodingFault.jsonError(failure, field: field, expected: expected)
        case .element(let failure, let index, let dataType):
            return V2DecodingFault.elementError(failure, index: index, dataType: dataType)
        case .missing(let field, let expected):
            return invalid("'\(field)' is missing", field: field, expected: expected, got: "nothing")
        case .duplicate(let field):
            return invalid("'\(field)' is there twice", field: field, expected: "one", got: "two")
        case .limit(let field, let expected):
            return invalid("'\(field)' is over the limit: expected \(expected)", field: field, expected: expected)
        case .shape(let index, let dimensions):
            let text = "[\(dimensions.map(String.init).joined(separator: ","))]"
            return invalid(
                "invalid shape \(text): dimensions are 0 or more, at most \(TensorShape.maxRank) of them, and their "
                    + "product must fit the limit on elements",
                field: "inputs[\(index)].shape",
                expected: "a shape of no more elements than the server's limit",
                got: text
            )
        case .dataType(let index, let got):
            let names = DataType.allCases.map(\.rawValue).joined(separator: ", ")
            return invalid(
                "invalid datatype '\(got)': expected one of \(names)",
                field: "inputs[\(index)].datatype",
                expected: names,
                got: got
            )
        case .count(let index, let name, let shape, let got):
            return V2DecodingFault.countError(index: index, name: name, shape: shape, got: got)
        case .memory(let error):
            return error
        default:
            return binaryError(model: name)
        }
    }

    private func binaryError(model: String) -> InferenceError {
        switch self {
        case .sources(let index, let input):
            return invalid(
                "input '\(input)' must have exactly one of 'data', 'parameters.binary_data_size' and "
                    + "'parameters.shared_memory_region'",
                field: "inputs[\(index)]",
                expected: "one source of data"
            )
        case .shortBinary(let input, let missing):
            return invalid(
                "unexpected size for input '\(input)', expecting \(missing) additional bytes for model '\(model)'",
                field: input,
                hint: "the body is shorter than the sum of the binary_data_size values"
            )
        case .leftover(let byteCount):
            return invalid(
                "unexpected additional input data for model '\(model)'",
                expected: "no bytes behind the last binary tensor",
                got: "\(byteCount) bytes",
                hint: "check Inference-Header-Content-Length and the binary_data_size values"
            )
        case .byteSize(let input, let expected, let got):
            return invalid(
                "input byte size mismatch for input '\(input)' for model '\(model)'. "
                    + "Expected \(expected.map(String.init) ?? "a size within limits"), got \(got)",
                field: input,
                expected: expected.map(String.init) ?? "",
                got: String(got)
            )
        case .bytesElements(let input, let expected):
            return invalid(
                "input '\(input)' for model '\(model)' must hold exactly \(expected) BYTES elements, each a 4-byte "
                    + "little-endian length and that many bytes",
                field: input,
                expected: "\(expected) elements"
            )
        case .reservedParameter(let parameter):
            return invalid(
                "parameter '\(parameter)' is reserved: names that start with 'triton_' can't be set by a request",
                field: "parameters.\(parameter)"
            )
        case .unsupported(let field):
            return InferenceError(
                .unsupported,
                "'\(field)' is not supported by this server",
                field: field,
                hint: "send the data in the request and take it from the answer"
            )
        default:
            return InferenceError(.internalFailure, "a fault without words")
        }
    }

    private func invalid(
        _ message: String,
        field: String = "",
        expected: String = "",
        got: String = "",
        hint: String = ""
    ) -> InferenceError {
        InferenceError(.invalidArgument, message, field: field, expected: expected, got: got, hint: hint)
    }
}
