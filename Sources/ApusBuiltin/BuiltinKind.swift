/// The models that the server brings along, for tests and measurements.
enum BuiltinKind: String, CaseIterable {
    /// Gives its inputs back; waits first when a delay is configured.
    case identity
    /// Gives its inputs back after a delay that must be configured.
    case delay

    /// The kind that a model's name stands for: `identity`, or `identity_` and anything.
    init?(modelName: String) {
        for kind in Self.allCases where modelName == kind.rawValue || modelName.hasPrefix(kind.rawValue + "_") {
            self = kind
            return
        }
        return nil
    }
}
