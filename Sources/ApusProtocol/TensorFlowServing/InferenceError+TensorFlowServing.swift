internal import ApusCore

// TensorFlow Serving's words where it has some, with the place and what to do.
extension InferenceError {
    static let emptyDocument = invalid(
        "JSON Parse error: The document is empty",
        expected: "a JSON object",
        got: "nothing"
    )

    static let missingForm = invalid("Missing 'inputs' or 'instances' key", expected: "one of 'inputs' and 'instances'")

    static let bothForms = invalid(
        "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist",
        expected: "one of 'inputs' and 'instances'",
        got: "both"
    )

    static let missingExamples = invalid(
        "key 'examples' is expected and was not found",
        field: "examples",
        expected: "a list of objects, one for each example"
    )

    static let signatureNotText = invalid(
        "'signature_name' key must be a string value.",
        field: "signature_name",
        expected: "'\(TensorFlowSignature.name)', or no signature_name"
    )

    static func unknownSignature(_ name: String) -> InferenceError {
        invalid(
            "Serving signature name: \"\(name.shortened)\" not found in signature def",
            field: "signature_name",
            expected: "'\(TensorFlowSignature.name)', or no signature_name",
            got: name.shortened
        )
    }

    static func duplicate(_ place: String) -> InferenceError {
        invalid("'\(place)' is there twice", field: place, expected: "one", got: "two")
    }

    static func notAList(_ place: String) -> InferenceError {
        invalid("Expecting '\(place)' value to be a list/array", field: place, expected: "a list")
    }

    static func noValues(_ place: String) -> InferenceError {
        invalid("No values in '\(place)' array", field: place, expected: "at least one", got: "none")
    }

    static func plainRows(inputs: [TensorSpecification]) -> InferenceError {
        invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required",
            field: "instances",
            expected: "objects with the keys \(names(inputs))"
        )
    }

    static func plainColumns(inputs: [TensorSpecification]) -> InferenceError {
        invalid(
            "inputs is a plain value/list, but expecting an object as multiple input tensors required",
            field: "inputs",
            expected: "an object with the keys \(names(inputs))"
        )
    }

    static func rowIsNoObject(_ row: Int) -> InferenceError {
        invalid(
            "Expecting object but got value/list at item \(row) of input list",
            field: "instances[\(row)]",
            expected: "an object, as the first item is one"
        )
    }

    static func unknownInRow(_ row: Int, name: String, inputs: [TensorSpecification]) -> InferenceError {
        invalid(
            "Failed to process element: \(row) key: \(name.shortened) of 'instances' list. "
                + "JSON object: does not have named input: \(name.shortened)",
            field: "instances[\(row)]",
            expected: "keys equal to \(names(inputs))",
            got: name.shortened,
            hint: inputs.lazy.map(\.name).nearest(to: name).map { "did you mean '\($0)'?" } ?? ""
        )
    }

    static func missingInRow(_ row: Int, name: String, inputs: [TensorSpecification]) -> InferenceError {
        invalid(
            "Failed to process element: \(row) of 'instances' list. JSON object: keys must be equal to: \(names(inputs))",
            field: "instances[\(row)]",
            expected: "keys equal to \(names(inputs)), the same in all items",
            got: "no '\(name)'"
        )
    }

    static func missingColumn(_ name: String) -> InferenceError {
        invalid("Missing named input: \(name) in 'inputs' object.", field: "inputs", expected: "the key '\(name)'")
    }

    static func exampleIsNoObject(_ place: String) -> InferenceError {
        invalid("Example must be JSON object: '\(place)' is none", field: place, expected: "an object of features")
    }

    static func missingFeature(_ name: String, example: Int) -> InferenceError {
        invalid(
            "Feature: \(name) (data type: the input's) is required but could not be found: examples[\(example)] has none",
            field: "examples[\(example)]",
            expected: "the feature '\(name)' in every example, or in 'context'"
        )
    }

    static func sharedFeature(_ name: String) -> InferenceError {
        invalid(
            "Feature: \(name) is both in 'context' and in 'examples'",
            field: "context.\(name)",
            expected: "it in one of the two"
        )
    }

    /// A context's feature, once for each example, would take more than a body can have.
    static func featureRepeated(_ name: String, examples: Int, byteCount: Int, limit: Int) -> InferenceError {
        invalid(
            "Feature: \(name) of the context would be repeated for \(examples) examples, which take \(byteCount) bytes, and "
                + "at most \(limit) are filled that way",
            field: name,
            expected: "at most \(limit) bytes",
            got: "\(byteCount) bytes",
            hint: "send fewer examples in one request"
        )
    }

    static func nestedFeature(_ place: String) -> InferenceError {
        invalid(
            "Feature: \(place) has element with unexpected JSON type: Array",
            field: place,
            expected: "one value or a list of values"
        )
    }

    static func featureDoesNotFit(_ input: TensorSpecification, values: Int) -> InferenceError {
        let shape = "[\(input.shape.map(String.init).joined(separator: ","))]"
        return invalid(
            "Feature: \(input.name) has \(values) values, which don't make a row of an input of shape \(shape)",
            field: input.name,
            expected: "as many values as a row of \(shape) has",
            got: "\(values) values"
        )
    }

    static func unequalRows(_ place: String, expected: Int, got: Int?) -> InferenceError {
        invalid(
            "Expecting tensor size: \(expected) but got: \(got.map(String.init) ?? "another one") at '\(place)'",
            field: place,
            expected: "\(expected) elements, as the first row has",
            got: got.map { "\($0) elements" } ?? ""
        )
    }

    static func tooManyElements(_ name: String, limit: Int) -> InferenceError {
        invalid(
            "input '\(name)' has more elements or dimensions than the server takes",
            field: name,
            expected: "at most \(limit) elements and \(TensorShape.maxRank) dimensions"
        )
    }

    static func cannot(_ method: String, _ model: ModelDescription, needs: String) -> InferenceError {
        let outputs = model.outputs.map { "\($0.name) \($0.dataType.rawValue)\($0.shape)" }.joined(separator: ", ")
        return invalid(
            "model '\(model.id.name)' can't \(method): that takes \(needs)",
            field: "model",
            expected: needs,
            got: outputs,
            hint: "ask it by :predict"
        )
    }

    private static func names(_ inputs: [TensorSpecification]) -> String {
        inputs.map(\.name).sorted().joined(separator: ",")
    }

    private static func invalid(
        _ message: String,
        field: String = "",
        expected: String = "",
        got: String = "",
        hint: String = ""
    ) -> InferenceError {
        InferenceError(.invalidArgument, message, field: field, expected: expected, got: got, hint: hint)
    }
}

extension InferenceError {
    /// The error for JSON that can't be read, or a member of the wrong type.
    static func tensorFlowJSON(_ failure: JSONFailure, at place: String, expected: String) -> InferenceError {
        let at = place.isEmpty ? "" : " at '\(place)'"
        let message: String
        switch failure.kind {
        case .syntax:
            message =
                "JSON Parse error: malformed JSON\(at)" + (failure.token.isEmpty ? "" : " near '\(failure.token)'")
        case .notUTF8: message = "JSON Parse error: the text is not UTF-8"
        case .tooDeep: message = "JSON Parse error: nested too deep\(at)"
        case .noMemory: return InferenceError(.resourceExhausted, "no memory for the request\(at)", field: place)
        default:
            message = "JSON Value: \(failure.token) is not of expected type\(at): expected \(expected)"
        }
        return invalid(message, field: place, expected: expected, got: failure.token)
    }

    /// The error for one element of a tensor.
    static func tensorFlowElement(_ failure: JSONFailure, at place: String, of type: DataType) -> InferenceError {
        let index = failure.index ?? 0
        let field = "\(place), element \(index)"
        switch failure.kind {
        // A number can't be too large for a text; it is none.
        case .outOfRange where type == .bytes, .wrongType:
            return invalid(
                "JSON Value: \(failure.token) is not of expected type: \(type.tensorFlowWord) (element \(index) of '\(place)')",
                field: field,
                expected: "an element of the type \(type.tensorFlowWord)",
                got: failure.token
            )
        case .outOfRange, .fraction:
            return invalid(
                "Cannot convert JSON value: \(failure.token) to \(type.tensorFlowWord) without loss of precision. "
                    + "(element \(index) of '\(place)')",
                field: field,
                expected: "a number that \(type.tensorFlowWord) can hold",
                got: failure.token
            )
        case .ragged, .tooManyElements:
            return invalid(
                "Encountered list at unexpected size or level: '\(place)' has lists of different lengths at element \(index)",
                field: field,
                expected: "lists of equal lengths, as deep as the first one"
            )
        case .notBase64:
            return invalid(
                "JSON Value: \(failure.token) not formatted correctly for base64 data (element \(index) of '\(place)')",
                field: field,
                expected: "{\"b64\": \"…\"} with base64 in it and no other key",
                got: failure.token
            )
        default:
            return tensorFlowJSON(failure, at: place, expected: "an element of the type \(type.tensorFlowWord)")
        }
    }
}

extension String {
    /// A client's own text comes back in errors, but not a megabyte of it.
    fileprivate var shortened: String {
        utf8.count <= 200 ? self : String(decoding: utf8.prefix(200), as: UTF8.self) + "…"
    }
}
