internal import ApusCore
internal import ApusONNXRuntime
internal import Logging
internal import Synchronization

/// Puts what an engine's library logs into the server's log.
///
/// What runs report is for debugging only: a client can cause it with every request, and the same words are in the answer.
/// Of the rest so much is taken that a library in trouble can be understood, and not as much as it likes.
final class EngineLog: Sendable {
    private let logger: Logger
    private let time: any TimeSource
    private let throttle = Mutex(LogThrottle())

    init(logger: Logger, time: any TimeSource = SystemTime()) {
        self.logger = logger
        self.time = time
    }

    /// Takes one line of ONNX Runtime's.
    func take(_ record: LogRecord) {
        let level = EngineLog.level(of: record)
        guard logger.logLevel <= level else { return }
        var metadata: Logger.Metadata = [
            LogKeys.reason: "\(record.message)", LogKeys.model: "\(record.logID)",
        ]
        if level >= .warning {
            guard let suppressed = throttle.withLock({ $0.lineCame(now: time.now) }) else { return }
            if suppressed > 0 { metadata[LogKeys.suppressed] = "\(suppressed)" }
        }
        logger.log(level: level, "ONNX Runtime reported", metadata: metadata)
    }

    private static func level(of record: LogRecord) -> Logger.Level {
        switch record.severity {
        case .verbose: .trace
        case .information: .debug
        case .warning: record.isOfRun ? .debug : .warning
        case .error: record.isOfRun ? .debug : .error
        case .fatal: .critical
        }
    }
}

/// Lets a number of lines through in each stretch of time.
struct LogThrottle {
    /// Enough for the remarks that a library makes while it loads a model or two.
    static let maxLines = 20
    /// Nanoseconds.
    static let stretch: Int64 = 10_000_000_000

    private var end: MonotonicTime?
    private var lines = 0
    private var suppressed: UInt64 = 0

    /// A line has come.
    ///
    /// - Returns: How many lines were left out since the last one that was let through; `nil` when this one is, too.
    mutating func lineCame(now: MonotonicTime) -> UInt64? {
        if end.map({ now >= $0 }) ?? true {
            end = now.advanced(byNanoseconds: LogThrottle.stretch)
            lines = 0
        }
        guard lines < LogThrottle.maxLines else {
            suppressed &+= 1
            return nil
        }
        lines += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
