/// The models that the server brings along, for tests and measurements.
enum BuiltinKind: String, CaseIterable {
    /// Gives its inputs back; waits first when a delay is configured.
    case identity
    /// Gives its inputs back after a delay that must be configured.
    case delay
    /// Gives an answer for each element of its input, each after a delay of its own.
    case `repeat`
    /// Adds up what the requests of a sequence bring.
    case sequence
    /// Fails on purpose, always or when its first input isn't all zeros; gives its inputs back otherwise.
    case fail

    /// The kind that a model's name stands for: `identity`, or `identity_` and anything.
    init?(modelName: String) {
        for kind in Self.allCases where modelName == kind.rawValue || modelName.hasPrefix(kind.rawValue + "_") {
            self = kind
            return
        }
        return nil
    }

    /// The `parameters` that it knows besides `kind`.
    var parameters: Set<String> {
        switch self {
        case .identity, .delay: ["execute_delay_ms"]
        case .repeat: []
        case .sequence: ["execute_delay_ms"]
        case .fail: ["execute_delay_ms", "fail_when", "fail_message"]
        }
    }
}
