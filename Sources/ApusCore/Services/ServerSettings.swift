/// Settings of the server that callers may look at and change while it runs: traces and logs.
package protocol ServerSettings: Sendable {
    /// The trace settings in force.
    ///
    /// - Parameter model: The model whose own settings count before the server's; `nil` for the server's.
    /// - Returns: What counts.
    /// - Throws: `notFound` for an unknown model.
    func traceSettings(of model: ModelName?) throws(InferenceError) -> TraceSettings

    /// Changes trace settings, all of them or none.
    ///
    /// - Returns: The settings in force afterwards.
    /// - Throws: `invalidArgument` for an unknown setting or value, `unsupported` for one that can't be changed,
    ///   `notFound` for an unknown model.
    func updateTraceSettings(
        _ changes: [TraceSettingChange],
        of model: ModelName?
    ) throws(InferenceError) -> TraceSettings

    /// The log settings in force.
    func logSettings() -> LogSettings

    /// Changes log settings, all of them or none.
    ///
    /// - Returns: The settings in force afterwards.
    /// - Throws: `invalidArgument` for an unknown setting or value, `unsupported` for one that can't be changed.
    func updateLogSettings(_ changes: [LogSettingChange]) throws(InferenceError) -> LogSettings
}

/// The default settings, for a server in which nobody keeps any.
package struct DefaultServerSettings: ServerSettings {
    /// Makes them; they have no state.
    package init() {}

    package func traceSettings(of model: ModelName?) throws(InferenceError) -> TraceSettings { TraceSettings() }

    package func updateTraceSettings(
        _ changes: [TraceSettingChange],
        of model: ModelName?
    ) throws(InferenceError) -> TraceSettings {
        throw InferenceError(.unsupported, "trace settings can't be changed here")
    }

    package func logSettings() -> LogSettings { LogSettings() }

    package func updateLogSettings(_ changes: [LogSettingChange]) throws(InferenceError) -> LogSettings {
        throw InferenceError(.unsupported, "log settings can't be changed here")
    }
}
