/// The log settings of the v2 logging extension, as Triton has them.
package struct LogSettings: Sendable, Equatable {
    /// Where the log goes; empty for standard error.
    package var file = ""
    /// Whether informational lines are logged.
    package var hasInfo = true
    /// Whether warnings are logged.
    package var hasWarning = true
    /// Whether errors are logged.
    package var hasError = true
    /// 0 for none, 1 for what helps to find a fault, 2 and more for everything.
    package var verboseLevel: UInt32 = 0
    /// `default` or `ISO8601`.
    package var format = "default"

    /// The defaults.
    package init() {}

    /// One value as the protocols have it.
    package enum Value: Sendable, Equatable {
        case bool(Bool)
        case number(UInt32)
        case text(String)
    }

    /// Names and values in the order of the extension.
    package var entries: [(name: String, value: Value)] {
        [
            ("log_file", .text(file)), ("log_info", .bool(hasInfo)), ("log_warning", .bool(hasWarning)),
            ("log_error", .bool(hasError)), ("log_verbose_level", .number(verboseLevel)), ("log_format", .text(format)),
        ]
    }

    /// Makes changes, all of them or none.
    ///
    /// - Throws: `invalidArgument` for an unknown setting or value, `unsupported` for the file.
    package mutating func update(_ changes: [LogSettingChange]) throws(InferenceError) {
        var changed = self
        for change in changes { try changed.apply(change) }
        self = changed
    }

    private mutating func apply(_ change: LogSettingChange) throws(InferenceError) {
        switch (change.name, change.value) {
        case (_, nil):
            break
        case ("log_file", _):
            throw InferenceError(
                .unsupported,
                "log file location can not be updated through network protocol",
                field: change.name
            )
        case ("log_info", .bool(let value)): hasInfo = value
        case ("log_warning", .bool(let value)): hasWarning = value
        case ("log_error", .bool(let value)): hasError = value
        case ("log_verbose_level", .number(let value)): verboseLevel = value
        case ("log_format", .text(let value)):
            guard ["default", "ISO8601"].contains(value) else { throw change.fault(expected: "default or ISO8601") }
            format = value
        case ("log_info", _), ("log_warning", _), ("log_error", _): throw change.fault(expected: "true or false")
        case ("log_verbose_level", _): throw change.fault(expected: "a whole number, 0 or more")
        case ("log_format", _): throw change.fault(expected: "default or ISO8601")
        default:
            let names = entries.dropFirst().map(\.name).joined(separator: ", ")
            throw InferenceError(
                .invalidArgument,
                "unknown log setting '\(change.name)': known are \(names)",
                field: change.name,
                expected: names
            )
        }
    }
}

/// A change of one log setting.
package struct LogSettingChange: Sendable, Equatable {
    /// Its name on the wire.
    package let name: String
    /// Its new value; `nil` changes nothing.
    package let value: LogSettings.Value?

    /// Asks for a change.
    package init(name: String, value: LogSettings.Value?) {
        self.name = name
        self.value = value
    }

    fileprivate func fault(expected: String) -> InferenceError {
        InferenceError(
            .invalidArgument,
            "log setting '\(name)': expected \(expected)",
            field: name,
            expected: expected
        )
    }
}
