internal import CONNXRuntime

/// Carries the library's log lines from its C callback into a closure.
///
/// Lives as long as the process: the library keeps one environment for all, and with it the first sink it was given.
final class LogSink: Sendable {
    private let onRecord: @Sendable (LogRecord) -> Void

    /// Sends lines to a closure, which is called on any thread.
    init(_ onRecord: @escaping @Sendable (LogRecord) -> Void) {
        self.onRecord = onRecord
    }

    /// Marks what runs report: the library puts it behind the session's name.
    static let runTag = "\u{1}run"

    /// The address to hand to the library; never released.
    func makeImmortalAddress() -> UnsafeMutableRawPointer {
        unsafe Unmanaged.passRetained(self).toOpaque()
    }

    /// What the library calls.
    static let callback: CONNXRuntime_LogFunction = { sink, severity, _, logID, location, message in
        guard let sink = unsafe sink else { return }
        let name = unsafe text(logID)
        let isOfRun = name.hasSuffix(runTag)
        let record = unsafe LogRecord(
            severity: LogRecord.Severity(rawValue: severity) ?? .error,
            message: text(message),
            // The library joins name and tag by a colon.
            logID: isOfRun ? String(name.dropLast(runTag.count + 1)) : name,
            isOfRun: isOfRun,
            location: text(location)
        )
        unsafe Unmanaged<LogSink>.fromOpaque(sink).takeUnretainedValue().onRecord(record)
    }

    /// Copies a C string; nothing becomes the empty string.
    private static func text(_ pointer: UnsafePointer<CChar>?) -> String {
        unsafe pointer.map { unsafe String(cString: $0) } ?? ""
    }
}
