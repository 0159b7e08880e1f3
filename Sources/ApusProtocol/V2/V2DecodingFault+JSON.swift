internal import ApusCore

extension V2DecodingFault {
    /// The error for JSON that can't be read, or a member of the wrong type.
    static func jsonError(_ failure: JSONFailure, field: String, expected: String) -> InferenceError {
        let place = field.isEmpty ? "" : " at '\(field)'"
        let got = failure.token.isEmpty ? "" : "'\(failure.token)'"
        let message: String
        switch failure.kind {
        case .syntax: message = "failed to parse the request JSON buffer: malformed JSON\(place)"
        case .notUTF8: message = "failed to parse the request JSON buffer: the text is not UTF-8"
        case .tooDeep: message = "failed to parse the request JSON buffer: nested too deep\(place)"
        case .noMemory:
            return InferenceError(.resourceExhausted, "no memory for the request\(place)", field: field)
        default:
            message = "unexpected value\(place): expected \(expected)" + (got.isEmpty ? "" : ", got \(got)")
        }
        return InferenceError(.invalidArgument, message, field: field, expected: expected, got: failure.token)
    }

    /// The error for one element of `data`.
    static func elementError(_ failure: JSONFailure, index: Int, dataType: DataType) -> InferenceError {
        let field = "inputs[\(index)].data[\(failure.index ?? 0)]"
        switch failure.kind {
        case .outOfRange:
            return InferenceError(
                .invalidArgument,
                "'\(field)': \(failure.token) is out of range for \(dataType.rawValue)",
                field: field,
                expected: "a number that \(dataType.rawValue) can hold",
                got: failure.token
            )
        case .fraction:
            return InferenceError(
                .invalidArgument,
                "'\(field)': \(failure.token) is not an integer, as \(dataType.rawValue) needs",
                field: field,
                expected: "an integer",
                got: failure.token
            )
        default:
            return jsonError(failure, field: field, expected: elementWords(for: dataType))
        }
    }

    /// The error for a number of elements that isn't the shape's.
    static func countError(index: Int, name: String?, shape: TensorShape, got: Int?) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "unable to parse 'data' of input '\(name ?? "inputs[\(index)]")': Shape does not match true shape of "
                + "'data' field: shape \(shape) has \(shape.elementCount) elements, 'data' has "
                + (got.map(String.init) ?? "another number"),
            field: "inputs[\(index)].data",
            expected: "\(shape.elementCount) elements",
            got: got.map { "\($0) elements" } ?? "another number"
        )
    }

    private static func elementWords(for dataType: DataType) -> String {
        switch dataType {
        case .bool: "true or false"
        case .bytes: "a string"
        case .fp16, .bf16, .fp32, .fp64: "a number"
        default: "an integer"
        }
    }
}
