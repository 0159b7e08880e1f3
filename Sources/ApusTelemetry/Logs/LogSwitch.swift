package import ApusCore
package import Logging
internal import Synchronization

/// Which levels are logged and how lines look, for all loggers of the server at once and while it runs.
package final class LogSwitch: Sendable {
    /// The format that the server was started with.
    private let format: LogFormat
    /// A bit for each level, and one more for readable lines whatever the format.
    private let word: Atomic<UInt16>

    private static let readable: UInt16 = 1 << 15

    /// Starts with everything at a level and above.
    package init(level: Logger.Level, format: LogFormat) {
        self.format = format
        var word: UInt16 = 0
        for (index, other) in Logger.Level.allCases.enumerated() where other >= level { word |= 1 << UInt16(index) }
        self.word = Atomic(word)
    }

    /// Whether lines of a level are written.
    func allows(_ level: Logger.Level) -> Bool {
        word.load(ordering: .relaxed) & LogSwitch.bit(of: level) != 0
    }

    /// The least serious level that is written; the most serious one when none is.
    var lowest: Logger.Level {
        let word = word.load(ordering: .relaxed) & ~LogSwitch.readable
        return Logger.Level.allCases.first { word & LogSwitch.bit(of: $0) != 0 } ?? .critical
    }

    /// How lines look.
    var currentFormat: LogFormat {
        word.load(ordering: .relaxed) & LogSwitch.readable == 0 ? format : .readable
    }

    /// What the logging extension says of the state at the start.
    package var settings: LogSettings {
        var settings = LogSettings()
        settings.hasInfo = allows(.info)
        settings.hasWarning = allows(.warning)
        settings.hasError = allows(.error)
        settings.verboseLevel = allows(.trace) ? 2 : allows(.debug) ? 1 : 0
        return settings
    }

    /// Puts settings in force: `ISO8601` stands for readable lines, whose times have that form, `default` for what the
    /// server was started with.
    ///
    /// Only levels are touched whose setting differs from the one before: a server that was started with `notice` has no
    /// informational lines, but notices, and they stay when another setting changes. One call at a time.
    package func apply(_ settings: LogSettings) {
        let before = self.settings
        var word = word.load(ordering: .relaxed)
        word = settings.format == "ISO8601" ? word | LogSwitch.readable : word & ~LogSwitch.readable
        for level in Logger.Level.allCases {
            let isWanted = LogSwitch.isWanted(level, by: settings)
            guard isWanted != LogSwitch.isWanted(level, by: before) else { continue }
            word = isWanted ? word | LogSwitch.bit(of: level) : word & ~LogSwitch.bit(of: level)
        }
        self.word.store(word, ordering: .relaxed)
    }

    /// Whether lines of a level are what settings ask for.
    private static func isWanted(_ level: Logger.Level, by settings: LogSettings) -> Bool {
        switch level {
        case .trace: settings.verboseLevel >= 2
        case .debug: settings.verboseLevel >= 1
        case .info, .notice: settings.hasInfo
        case .warning: settings.hasWarning
        case .error, .critical: settings.hasError
        }
    }

    private static func bit(of level: Logger.Level) -> UInt16 {
        1 << UInt16(Logger.Level.allCases.firstIndex(of: level) ?? 0)
    }
}
