internal import ApusCore
internal import ApusListener
internal import ApusProtocol

/// The query of a `GET /predict`: `input_data=1.0,2.0,3.0`.
struct PlainQuery {
    private let members: [(name: String, value: Substring)]

    /// Takes a query apart; its values stay percent-encoded.
    init(_ head: HTTPRequestHead) {
        self.members = head.text(head.query).split(separator: "&").map { member in
            let parts = member.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (PlainQuery.decoded(parts[0]), parts.count == 2 ? parts[1] : "")
        }
    }

    /// The values of `input_data`: what stands between its commas, decoded.
    ///
    /// - Throws: `invalidArgument` when it isn't there, or twice, or anything else is there.
    func inputData(model: ModelDescription) throws(InferenceError) -> PlainList {
        let values = members.filter { $0.name == "input_data" }.map(\.value)
        if let other = members.first(where: { $0.name != "input_data" }) {
            throw refusal(
                "the query has '\(other.name)': a GET asks with input_data alone",
                got: other.name,
                hint: "POST takes inputs by name and parameters"
            )
        }
        guard let value = values.first, values.count == 1 else {
            throw refusal(
                values.isEmpty ? "'input_data' is missing" : "'input_data' is there twice",
                got: values.isEmpty ? "nothing" : "\(values.count) of them",
                hint: "POST takes JSON, \(PlainExample(model).shortText) for one"
            )
        }
        let text = PlainQuery.decoded(value)
        if text.utf8.first == UInt8(ascii: "[") { return .json(text) }
        guard model.inputs.first(where: { !$0.isOptional })?.dataType == .bytes else {
            // Most clients escape commas.
            return .values(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        }
        // A comma that is part of a text comes as %2C and is no separator.
        return .values(value.split(separator: ",", omittingEmptySubsequences: false).map { PlainQuery.decoded($0) })
    }

    private func refusal(_ message: String, got: String, hint: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            message,
            field: "input_data",
            expected: "?input_data=1.0,2.0,3.0",
            got: got,
            hint: hint
        )
    }

    /// A part of a query as text: percent-decoded, a plus for a space.
    private static func decoded(_ text: Substring) -> String {
        let bytes = text.utf8.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        return PercentDecoding.text(bytes.span, bytes.indices)
    }
}
