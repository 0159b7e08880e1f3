import ApusCore
import ApusONNXRuntime
import ApusTelemetry
import ApusTesting
import Logging
import Testing

@testable import ApusServer

struct EngineLogTests {
    private let folder = TemporaryFolder()

    private func log(_ level: Logger.Level, _ time: ManualTime) throws -> EngineLog {
        let handler = ApusLogHandler(
            destination: try LogDestination.file(folder.place("log")),
            format: .readable,
            level: level
        )
        return EngineLog(logger: Logger(label: "test") { _ in handler }, time: time)
    }

    private func record(_ message: String, isOfRun: Bool) -> LogRecord {
        LogRecord(severity: .error, message: message, logID: "m", isOfRun: isOfRun, location: "")
    }

    @Test func `what runs report doesn't reach the ordinary log`() throws {
        let time = ManualTime()
        try log(.info, time).take(record("bad input", isOfRun: true))
        #expect(folder.text(of: "log").isEmpty)
        try log(.debug, time).take(record("bad input", isOfRun: true))
        #expect(folder.text(of: "log").contains("bad input"))
    }

    @Test func `a library that reports without end is cut short, and it is said`() throws {
        let time = ManualTime()
        let log = try log(.info, time)
        for number in 0..<1000 { log.take(record("line \(number).", isOfRun: false)) }
        let lines = folder.text(of: "log").split(separator: "\n")
        #expect(lines.count == LogThrottle.maxLines)
        time.advance(byNanoseconds: LogThrottle.stretch)
        log.take(record("the last line", isOfRun: false))
        let last = folder.text(of: "log").split(separator: "\n").last ?? ""
        #expect(last.contains("the last line") && last.contains("suppressed=\(1000 - LogThrottle.maxLines)"), "\(last)")
    }
}
