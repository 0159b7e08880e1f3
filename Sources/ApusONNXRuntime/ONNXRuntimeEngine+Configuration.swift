extension ONNXRuntimeEngine {
    /// What the engine is started with.
    package struct Configuration: Sendable {
        /// Where to look for the library, in order; see `ONNXRuntimeLibrary.searchPath`.
        package var places: [LibraryPlace]
        /// Threads that all sessions share: the CPU budget of the process.
        package var threadCount: Int
        /// The lowest severity that is logged.
        package var logSeverity: LogRecord.Severity
        /// Takes the library's log lines, on any thread.
        package var onLogRecord: @Sendable (LogRecord) -> Void

        /// Describes an engine.
        package init(
            places: [LibraryPlace],
            threadCount: Int,
            logSeverity: LogRecord.Severity = .warning,
            onLogRecord: @escaping @Sendable (LogRecord) -> Void
        ) {
            self.places = places
            self.threadCount = threadCount
            self.logSeverity = logSeverity
            self.onLogRecord = onLogRecord
        }
    }
}
