internal import ApusCore

/// Where in a plain request an input's value stands.
struct PlainPlace {
    /// The member; empty for an array that is the whole body.
    let field: String
    let input: TensorSpecification
    /// Elements in each row, where the value was made of rows that stood behind each other; 0 elsewhere.
    var columns = 0

    /// The place of an element, for example `x[0][2]`.
    func at(_ path: [Int]) -> String {
        let path = columns > 0 && path.count == 1 ? [path[0] / columns, path[0] % columns] : path
        let indices = path.map { "[\($0)]" }.joined()
        return field.isEmpty ? (indices.isEmpty ? "body" : "body\(indices)") : field + indices
    }
}

/// What is wrong with a plain request, before the words for it are made.
enum PlainFault: Error {
    case empty
    case json(JSONFailure)
    case element(JSONFailure, PlainPlace)
    case shape(PlainPlace, got: [Int])
    case tooMany(PlainPlace, limit: Int)
    case unknownInput(String)
    case missingInput(String)
    case severalInputs(String)
    case duplicate(String)
    case mixed(String, with: String)
    case parameters(V2DecodingFault)
    /// A text that isn't JSON: where, and what is wrong there.
    case text(field: String, message: String, hint: String)
    /// Memory that couldn't be had, in the words of who refused it.
    case memory(InferenceError)
}

extension PlainFault {
    /// The error to answer with.
    func inferenceError(model: ModelDescription) -> InferenceError {
        let example = "for example \(PlainExample(model).shortText)"
        switch self {
        case .empty:
            return invalid("the body is empty: expected JSON", expected: example, got: "nothing")
        case .json(let failure):
            return PlainFault.jsonError(failure, example: example)
        case .element(let failure, let place):
            return PlainFault.elementError(failure, place, example: example)
        case .shape(let place, let got):
            return invalid(
                "'\(place.at([]))' has the shape \(text(got)), and input '\(place.input.name)' takes "
                    + "\(text(place.input.shape)); -1 stands for any size, and leading sizes of 1 may be left out",
                field: place.at([]),
                expected: text(place.input.shape),
                got: text(got),
                hint: example
            )
        case .tooMany(let place, let limit):
            return invalid(
                "'\(place.at([]))' has more elements than the server takes: at most \(limit)",
                field: place.at([]),
                expected: "at most \(limit) elements"
            )
        case .parameters(let fault): return fault.inferenceError(model: model)
        case .text(let field, let message, let hint):
            return invalid(message, field: field, hint: hint.isEmpty ? example : hint)
        case .memory(let error): return error
        default: return memberError(model: model, example: example)
        }
    }

    /// What is wrong with the members of an object.
    private func memberError(model: ModelDescription, example: String) -> InferenceError {
        let names = model.inputs.prefix(20).map { "'\($0.name)'" }.joined(separator: ", ")
        switch self {
        case .unknownInput(let name):
            let own = name.hasPrefix("inputs.") ? String(name.dropFirst(7)) : name
            let nearest = model.inputs.map(\.name).nearest(to: own).map { "; did you mean '\($0)'?" } ?? ""
            return invalid(
                "model '\(model.id.name)' has no input '\(own)'\(nearest)",
                field: name,
                expected: "one of its inputs: \(names)",
                got: own,
                hint: example
            )
        case .missingInput(let name):
            return invalid(
                "input '\(name)' of model '\(model.id.name)' is missing",
                field: name,
                expected: "its inputs: \(names)",
                got: "nothing",
                hint: example
            )
        case .severalInputs(let word):
            let place = word.isEmpty ? "an array alone" : "'\(word)' with one value"
            return invalid(
                "\(place) goes to models of one input, and model '\(model.id.name)' has \(model.inputs.count): name them",
                field: word,
                expected: "its inputs by name: \(names)",
                hint: example
            )
        case .duplicate(let name):
            return invalid("'\(name)' is there twice", field: name, expected: "one", got: "two")
        case .mixed(let name, let word):
            let other = word == "a name" ? "inputs by name" : "'\(word)'"
            return invalid(
                "'\(name)' can't stand beside \(other): a body has either 'inputs', or 'data', or the inputs' own names",
                field: name,
                expected: "one form",
                hint: example
            )
        default:
            return InferenceError(.internalFailure, "a fault without words")
        }
    }

    private func text(_ sizes: [Int]) -> String { "[\(sizes.map(String.init).joined(separator: ","))]" }

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
