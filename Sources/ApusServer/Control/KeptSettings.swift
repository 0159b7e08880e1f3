internal import ApusCore
internal import ApusTelemetry
internal import Synchronization

/// Keeps the trace and log settings that callers change; those of the log act at once.
///
/// Nothing writes traces yet: their settings are kept and answered.
final class KeptSettings: ServerSettings {
    private struct State {
        var traces = TraceSettingsTable()
        var log: LogSettings
    }

    private let state: Mutex<State>
    private let logSwitch: LogSwitch
    private let isKnown: @Sendable (ModelName) -> Bool

    /// Starts with the defaults, and with what the log was started with.
    ///
    /// - Parameters:
    ///   - logSwitch: What the log's settings act on.
    ///   - isKnown: Whether there is a model of a name.
    init(logSwitch: LogSwitch, isKnown: @escaping @Sendable (ModelName) -> Bool) {
        self.state = Mutex(State(log: logSwitch.settings))
        self.logSwitch = logSwitch
        self.isKnown = isKnown
    }

    func traceSettings(of model: ModelName?) throws(InferenceError) -> TraceSettings {
        try check(model)
        return state.withLock { $0.traces.settings(of: model) }
    }

    func updateTraceSettings(
        _ changes: [TraceSettingChange],
        of model: ModelName?
    ) throws(InferenceError) -> TraceSettings {
        try check(model)
        return try state.withLock { state throws(InferenceError) in
            try state.traces.update(changes, of: model)
            return state.traces.settings(of: model)
        }
    }

    func logSettings() -> LogSettings {
        state.withLock { $0.log }
    }

    func updateLogSettings(_ changes: [LogSettingChange]) throws(InferenceError) -> LogSettings {
        try state.withLock { state throws(InferenceError) in
            try state.log.update(changes)
            // Under the lock, so that the last change is the one in force; a store, no more.
            logSwitch.apply(state.log)
            return state.log
        }
    }

    /// Settings are kept for models that are there only, so that names that nobody has can't fill the memory.
    private func check(_ model: ModelName?) throws(InferenceError) {
        guard let model, !isKnown(model) else { return }
        throw InferenceError(
            .notFound,
            "Request for unknown model: '\(model)' is not found",
            field: "model",
            got: model.description
        )
    }
}
