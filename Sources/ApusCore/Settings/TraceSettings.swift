/// The trace settings of the v2 trace extension, as Triton has them.
package struct TraceSettings: Sendable, Equatable {
    /// `OFF` alone, or `TIMESTAMPS`, `TENSORS` or both.
    package var level = ["OFF"]
    /// One request in so many is traced.
    package var rate: UInt32 = 1000
    /// How many traces are still made; -1 for no end.
    package var count: Int32 = -1
    /// Traces to a file of its own; 0 for one file.
    package var logFrequency: UInt32 = 0

    /// The defaults.
    package init() {}

    /// Names and values in the order of the extension; `trace_level` is a list, the others are one text each.
    package var entries: [(name: String, values: [String], isList: Bool)] {
        [
            ("trace_file", [""], false), ("trace_level", level, true), ("trace_rate", ["\(rate)"], false),
            ("trace_count", ["\(count)"], false), ("log_frequency", ["\(logFrequency)"], false),
            ("trace_mode", ["triton"], false),
        ]
    }
}

/// A change of one trace setting.
package struct TraceSettingChange: Sendable, Equatable {
    /// Its name on the wire.
    package let name: String
    /// Its new values; `nil` clears it, so that the next wider setting counts.
    package let values: [String]?

    /// Asks for a change.
    package init(name: String, values: [String]?) {
        self.name = name
        self.values = values
    }
}

/// Trace settings where each may be left to the next wider ones: the server's, or the defaults.
package struct TraceOverrides: Sendable, Equatable {
    private var level: [String]?
    private var rate: UInt32?
    private var count: Int32?
    private var logFrequency: UInt32?

    /// Overrides nothing.
    package init() {}

    /// Whether it overrides nothing.
    package var isEmpty: Bool { self == TraceOverrides() }

    /// These settings before wider ones.
    package func over(_ wider: TraceSettings) -> TraceSettings {
        var settings = wider
        if let level { settings.level = level }
        if let rate { settings.rate = rate }
        if let count { settings.count = count }
        if let logFrequency { settings.logFrequency = logFrequency }
        return settings
    }

    /// Makes one change.
    ///
    /// - Throws: `invalidArgument` for an unknown setting or value, `unsupported` for one that can't be changed.
    package mutating func apply(_ change: TraceSettingChange) throws(InferenceError) {
        switch change.name {
        case "trace_level": level = try change.values.map(TraceOverrides.level)
        case "trace_rate": rate = try change.number(UInt32.self, expected: "a whole number, 0 or more")
        case "trace_count":
            count = try change.number(Int32.self, expected: "a whole number, -1 or more")
            if let count, count < -1 { throw change.fault(expected: "a whole number, -1 or more") }
        case "log_frequency": logFrequency = try change.number(UInt32.self, expected: "a whole number, 0 or more")
        case "trace_file":
            throw InferenceError(
                .unsupported,
                "trace file location can not be updated through network protocol",
                field: change.name
            )
        case "trace_mode":
            throw InferenceError(
                .unsupported,
                "the trace mode can't be changed while the server runs",
                field: change.name
            )
        default:
            let names = "trace_level, trace_rate, trace_count and log_frequency"
            throw InferenceError(
                .invalidArgument,
                "unknown trace setting '\(change.name)': known are \(names)",
                field: change.name,
                expected: names
            )
        }
    }

    private static func level(_ words: [String]) throws(InferenceError) -> [String] {
        for word in words where !["OFF", "TIMESTAMPS", "TENSORS"].contains(word) {
            throw InferenceError(
                .invalidArgument,
                "unknown trace level '\(word)': expected OFF, TIMESTAMPS or TENSORS",
                field: "trace_level",
                expected: "OFF, TIMESTAMPS or TENSORS",
                got: word
            )
        }
        guard !words.contains("OFF") || words.count == 1 else {
            throw InferenceError(
                .invalidArgument,
                "trace level OFF can't stand beside another one",
                field: "trace_level",
                expected: "OFF alone",
                got: words.joined(separator: ", ")
            )
        }
        return words.isEmpty ? ["OFF"] : words
    }
}

extension TraceSettingChange {
    fileprivate func number<Number: FixedWidthInteger>(
        _ type: Number.Type,
        expected: String
    ) throws(InferenceError) -> Number? {
        guard let values else { return nil }
        guard values.count == 1, let number = Number(values[0]) else { throw fault(expected: expected) }
        return number
    }

    fileprivate func fault(expected: String) -> InferenceError {
        let got = values?.joined(separator: ", ") ?? ""
        return InferenceError(
            .invalidArgument,
            "trace setting '\(name)': expected \(expected), got '\(got)'",
            field: name,
            expected: expected,
            got: got
        )
    }
}

/// Everybody's trace settings: the server's, and those that models have of their own.
package struct TraceSettingsTable: Sendable {
    private var server = TraceOverrides()
    private var models: [ModelName: TraceOverrides] = [:]

    /// The defaults for all.
    package init() {}

    /// What is in force for a model, or for the server.
    package func settings(of model: ModelName?) -> TraceSettings {
        let wider = server.over(TraceSettings())
        return model.flatMap { models[$0] }?.over(wider) ?? wider
    }

    /// Makes changes, all of them or none.
    ///
    /// - Throws: What one of the changes is refused with.
    package mutating func update(_ changes: [TraceSettingChange], of model: ModelName?) throws(InferenceError) {
        var overrides = model.map { models[$0] ?? TraceOverrides() } ?? server
        for change in changes { try overrides.apply(change) }
        if let model {
            models[model] = overrides.isEmpty ? nil : overrides
        } else {
            server = overrides
        }
    }
}
