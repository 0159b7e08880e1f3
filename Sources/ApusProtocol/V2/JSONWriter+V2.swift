internal import ApusCore

/// What all answers of the v2 protocol begin with.
extension JSONWriter {
    /// Writes the start of an object: `id`, `model_name` and `model_version`, without a comma behind them.
    ///
    /// - Parameters:
    ///   - id: The request's id; left out when empty.
    ///   - model: The version that answered.
    @_lifetime(self: copy self)
    mutating func answerHead(id: String, model: ModelID) {
        raw("{")
        if !id.isEmpty {
            raw("\"id\":")
            string(id)
            raw(",")
        }
        raw("\"model_name\":\"")
        unescaped(model.name.description)
        raw("\",\"model_version\":\"")
        integer(Int(model.version.number))
        raw("\"")
    }

    /// The most bytes that an answer's head takes, and the brackets at its end.
    static func bound(answerHead id: String, model: ModelID) -> Int {
        96 + bound(string: id) + bound(string: model.name.description)
    }
}
