internal import ApusCore
internal import ApusProtocol
internal import NIOCore

/// The body of a request about the server: empty, or a JSON object.
struct RequestDocument {
    /// The object's members; none for an empty body.
    let members: [JSONValue.Member]

    /// Reads a body.
    ///
    /// - Throws: `invalidArgument` for anything but an object, or for a large one.
    init(_ body: ByteBuffer) throws(InferenceError) {
        guard body.readableBytes > 0 else {
            members = []
            return
        }
        do throws(JSONFailure) {
            members = try JSONValue.parse(body.readableBytesView)
        } catch {
            let isLarge = error.kind == .tooManyElements
            throw InferenceError(
                .invalidArgument,
                "failed to parse the request JSON buffer: "
                    + (isLarge ? "more than \(JSONValue.maxValues) values" : "expected an empty body or a JSON object"),
                expected: "an empty body or a JSON object",
                got: error.token
            )
        }
    }

    /// The members of `parameters`; none when it is absent.
    ///
    /// - Throws: `invalidArgument` when it is no object.
    var parameters: [JSONValue.Member] {
        get throws(InferenceError) {
            switch members["parameters"] {
            case nil, .null: return []
            case .object(let parameters): return parameters
            case let other?: throw RequestDocument.fault("parameters", expected: "an object", got: other)
            }
        }
    }

    /// Text that must be there.
    func text(_ name: String) throws(InferenceError) -> String {
        guard let value = members[name] else { throw RequestDocument.missing(name, expected: "a string") }
        guard case .string(let text) = value else {
            throw RequestDocument.fault(name, expected: "a string", got: value)
        }
        return text
    }

    /// A whole number that must be there unless it has a default.
    func number(_ name: String, default fallback: UInt64? = nil) throws(InferenceError) -> UInt64 {
        switch members[name] {
        case nil:
            guard let fallback else { throw RequestDocument.missing(name, expected: "a whole number") }
            return fallback
        case .integer(let number)? where number >= 0: return UInt64(number)
        case .unsigned(let number)?: return number
        case let other?: throw RequestDocument.fault(name, expected: "a whole number, 0 or more", got: other)
        }
    }

    /// What to say of a member that isn't there.
    static func missing(_ name: String, expected: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "missing member '\(name)': expected \(expected)",
            field: name,
            expected: expected
        )
    }

    /// What to say of a member of another kind.
    static func fault(_ name: String, expected: String, got: JSONValue) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "unexpected value at '\(name)': expected \(expected), got \(got.kindName)",
            field: name,
            expected: expected,
            got: got.kindName
        )
    }
}
