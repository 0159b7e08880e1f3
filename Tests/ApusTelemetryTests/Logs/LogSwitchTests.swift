import ApusCore
import Logging
import Testing

@testable import ApusTelemetry

struct LogSwitchTests {
    @Test func `levels and format change while loggers are in use`() throws {
        let pipe = try TestPipe()
        let logSwitch = LogSwitch(level: .info, format: .json)
        let handler = ApusLogHandler(destination: .descriptor(pipe.writeEnd), logSwitch: logSwitch)
        let logger = Logger(label: "test") { _ in handler }
        var quiet = logger
        quiet.logLevel = .warning
        logger.debug("1")
        logger.info("2")
        quiet.info("3")
        var settings = logSwitch.settings
        #expect(settings == LogSettings())
        settings.hasInfo = false
        settings.verboseLevel = 2
        settings.format = "ISO8601"
        logSwitch.apply(settings)
        logger.trace("4")
        logger.info("5")
        quiet.trace("6")
        quiet.warning("7")
        settings.hasWarning = false
        settings.verboseLevel = 0
        settings.format = "default"
        logSwitch.apply(settings)
        logger.debug("8")
        quiet.warning("9")
        logger.error("10")
        let lines = pipe.readLines()
        #expect(lines.count == 4)
        #expect(lines.map { $0.hasPrefix("{") } == [true, false, false, true])
        #expect(lines[1].hasSuffix(" 4") && lines[2].hasSuffix(" 7"))
    }

    @Test(arguments: [
        (Logger.Level.trace, true, true, 2 as UInt32), (.debug, true, true, 1), (.info, true, true, 0),
        (.warning, false, true, 0), (.error, false, false, 0),
    ])
    func `the settings at the start are the configured level's`(
        _ level: Logger.Level,
        _ hasInfo: Bool,
        _ hasWarning: Bool,
        _ verboseLevel: UInt32
    ) {
        let settings = LogSwitch(level: level, format: .readable).settings
        #expect(settings.hasInfo == hasInfo && settings.hasWarning == hasWarning && settings.hasError)
        #expect(settings.verboseLevel == verboseLevel)
    }

    @Test(arguments: [Logger.Level.notice, .critical])
    func `what was logged at the start is logged until its own setting changes`(_ level: Logger.Level) {
        let logSwitch = LogSwitch(level: level, format: .json)
        var settings = logSwitch.settings
        settings.format = "ISO8601"
        settings.verboseLevel = 1
        logSwitch.apply(settings)
        settings.verboseLevel = 0
        logSwitch.apply(settings)
        #expect(logSwitch.currentFormat == .readable)
        for other in Logger.Level.allCases { #expect(logSwitch.allows(other) == (other >= level), "\(other)") }
        settings.hasInfo = true
        settings.hasError = true
        logSwitch.apply(settings)
        for other in [.info, .notice, .error, .critical] as [Logger.Level] { #expect(logSwitch.allows(other)) }
        settings.hasInfo = false
        settings.hasError = false
        logSwitch.apply(settings)
        for other in [.info, .notice, .error, .critical] as [Logger.Level] {
            #expect(!logSwitch.allows(other), "\(other)")
        }
    }

    @Test func `everything can be switched off`() throws {
        let pipe = try TestPipe()
        let logSwitch = LogSwitch(level: .trace, format: .readable)
        let handler = ApusLogHandler(destination: .descriptor(pipe.writeEnd), logSwitch: logSwitch)
        let logger = Logger(label: "test") { _ in handler }
        var settings = LogSettings()
        settings.hasInfo = false
        settings.hasWarning = false
        settings.hasError = false
        logSwitch.apply(settings)
        for level in Logger.Level.allCases { logger.log(level: level, "x") }
        #expect(pipe.readLines().isEmpty)
    }
}
