/// One line of ONNX Runtime's own log.
package struct LogRecord: Sendable {
    /// The library's levels, in rising order.
    package enum Severity: Int32, Sendable {
        case verbose = 0
        case information = 1
        case warning = 2
        case error = 3
        case fatal = 4
    }

    /// How serious it is.
    package let severity: Severity
    /// The library's words.
    package let message: String
    /// The model's name, or `apus` when no model is concerned.
    package let logID: String
    /// Whether a run reported it: then a client may have caused it, and gets the same words as the run's error.
    package let isOfRun: Bool
    /// The place in the library's source.
    package let location: String

    /// Describes one line.
    package init(severity: Severity, message: String, logID: String, isOfRun: Bool, location: String) {
        self.severity = severity
        self.message = message
        self.logID = logID
        self.isOfRun = isOfRun
        self.location = location
    }
}
