internal import ApusCore

extension PlainFault {
    /// The error for a body that can't be read as JSON.
    static func jsonError(_ failure: JSONFailure, example: String) -> InferenceError {
        let message: String
        switch failure.kind {
        case .notUTF8: message = "the body is not UTF-8"
        case .tooDeep: message = "the body is nested too deep"
        case .noMemory: return InferenceError(.resourceExhausted, "no memory for the request")
        case .wrongType:
            message = "the body is a bare value: expected an object or an array, got \(failure.token)"
        default:
            message = "the body is malformed JSON" + (failure.token.isEmpty ? "" : " at \(failure.token)")
        }
        return InferenceError(.invalidArgument, message, expected: "JSON", got: failure.token, hint: example)
    }

    /// The error for a value that can't be an input, or one of its elements.
    static func elementError(_ failure: JSONFailure, _ place: PlainPlace, example: String) -> InferenceError {
        let field = place.at(failure.path)
        let type = place.input.dataType
        let words = elementWords(for: type)
        let got = failure.token
        let message: String
        var hint = ""
        switch failure.kind {
        case .outOfRange: message = "'\(field)': \(got) is out of range for \(type.rawValue)"
        case .fraction: message = "'\(field)': \(got) is not an integer, and \(type.rawValue) would lose its fraction"
        case .ragged:
            message = "'\(field)': its arrays have different lengths or depths, and a tensor's are equal"
        case .wrongType:
            message = "'\(field)': expected \(words) (\(type.rawValue)), got \(got)"
            if got.hasPrefix("\""), type != .bytes { hint = "text is not read as a number: leave the quotes out" }
            if got.hasPrefix("{") { hint = "requests of the v2 protocol go to /v2/models/MODEL/infer" }
        case .tooDeep: message = "'\(field)' is nested too deep"
        case .noMemory: return InferenceError(.resourceExhausted, "no memory for the request", field: field)
        case .notUTF8: message = "the body is not UTF-8"
        default:
            message = "'\(field)' is malformed JSON" + (got.isEmpty ? "" : " at \(got)")
            if ["NaN", "Infinity", "-Infinity"].contains(got) {
                hint = "JSON has no word for it: write null for what is not a number"
            }
        }
        return InferenceError(
            .invalidArgument,
            message,
            field: field,
            expected: words,
            got: got,
            hint: hint.isEmpty ? example : hint
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
