internal import ApusCore

/// What is wrong with a ModelInferRequest, before the words for it are made.
enum V2MessageFault: Error {
    /// Bytes that are no message.
    case wire(ProtobufFault)
    /// What can be wrong in every form of the v2 protocol.
    case request(V2DecodingFault)
    /// Raw and typed contents in one request.
    case bothContents(name: String)
    /// Another number of raw entries than of inputs that need one.
    case rawCount(expected: Int, got: Int)
    /// Typed contents in a field that isn't the datatype's.
    case contentsField(name: String, dataType: DataType, got: String)
    /// Typed contents for a datatype that has none.
    case onlyRaw(name: String, dataType: DataType)
    /// A number that the datatype can't hold.
    case range(index: Int, element: Int, dataType: DataType, got: String)
    /// Another number of BYTES elements than the shape has.
    case strings(name: String, expected: Int, got: Int)
    /// A parameter with a value of the wrong kind.
    case parameterType(String, expected: String)
    /// A parameter with a value that makes no sense.
    case parameterValue(String, expected: String, got: String)
}

extension V2MessageFault {
    /// The error to answer with.
    func inferenceError(model: ModelDescription) -> InferenceError {
        if case .request(let fault) = self { return fault.inferenceError(model: model) }
        return inferenceError(model: model.id.name.description)
    }

    /// The error to answer with, as long as no model has been found.
    func inferenceError(model name: String) -> InferenceError {
        switch self {
        case .wire(let fault): fault.inferenceError
        case .request(let fault): fault.inferenceError(model: V2MessageFault.nobody)
        case .parameterType, .parameterValue: parameterError
        default: contentsError(model: name)
        }
    }

    private func contentsError(model: String) -> InferenceError {
        switch self {
        case .bothContents(let input):
            return invalid(
                "contents field must not be specified when using raw_input_contents for '\(input)' for model '\(model)'",
                field: input,
                expected: "raw_input_contents for all inputs, or contents for all inputs"
            )
        case .rawCount(let expected, let got):
            return invalid(
                "expected \(expected) entries in raw_input_contents, one for each input that is not in shared memory, "
                    + "got \(got) for model '\(model)'",
                field: "raw_input_contents",
                expected: "\(expected) entries",
                got: "\(got) entries"
            )
        case .contentsField(let input, let dataType, let got):
            return invalid(
                "unexpected explicit tensor data for input tensor '\(input)' for model '\(model)' of type '\(got)', "
                    + "expected datatype '\(dataType.rawValue)'",
                field: input,
                expected: dataType.contents?.name ?? "raw_input_contents",
                got: got
            )
        case .onlyRaw(let input, let dataType):
            return invalid(
                "unsupported datatype '\(dataType.rawValue)' for explicit tensor data for input tensor '\(input)' for "
                    + "model '\(model)': send it in raw_input_contents",
                field: input,
                expected: "raw_input_contents"
            )
        case .strings(let input, let expected, let got):
            return invalid(
                "unexpected number of string elements \(got) for inference input '\(input)' for model '\(model)', "
                    + "expecting \(expected)",
                field: input,
                expected: "\(expected) elements",
                got: "\(got) elements"
            )
        case .range(let index, let element, let dataType, let got):
            let field = "inputs[\(index)].contents[\(element)]"
            return invalid(
                "'\(field)': \(got) is out of range for \(dataType.rawValue)",
                field: field,
                expected: "a number that \(dataType.rawValue) can hold",
                got: got
            )
        default: return InferenceError(.internalFailure, "a fault without words")
        }
    }

    private var parameterError: InferenceError {
        switch self {
        case .parameterType(let name, let expected):
            invalid(
                "invalid value type for '\(name)' parameter, expected \(expected).",
                field: "parameters.\(name)",
                expected: expected
            )
        case .parameterValue(let name, let expected, let got):
            invalid(
                "invalid value for '\(name)' parameter, expected \(expected), got \(got).",
                field: "parameters.\(name)",
                expected: expected,
                got: got
            )
        default: InferenceError(.internalFailure, "a fault without words")
        }
    }

    private func invalid(
        _ message: String,
        field: String = "",
        expected: String = "",
        got: String = ""
    ) -> InferenceError {
        InferenceError(.invalidArgument, message, field: field, expected: expected, got: got)
    }

    /// Stands for the model in words that name none.
    private static let nobody = ModelDescription(
        id: ModelID(name: ModelName("unknown")!, version: .first),
        platform: "",
        inputs: [],
        outputs: []
    )
}

extension ProtobufFault {
    /// The error to answer with.
    var inferenceError: InferenceError {
        let (words, offset) =
            switch self {
            case .truncated(let offset): ("it ends within a field", offset)
            case .malformed(let offset): ("a tag or a number is malformed", offset)
            case .notUTF8(let offset): ("a string is not UTF-8", offset)
            case .tooDeep(let offset): ("groups are nested too deep", offset)
            case .repeated(let offset): ("a message that may be there once is there twice", offset)
            }
        return InferenceError(
            .invalidArgument,
            "failed to parse the request message: \(words) at byte \(offset)",
            expected: "a protobuf message of the RPC's request type",
            hint: "check that client and server have the same .proto files"
        )
    }
}
