import Logging
import Testing

@testable import ApusTelemetry

struct ApusLogHandlerTests {
    @Test func `lines below the level are not written`() throws {
        let pipe = try TestPipe()
        let destination = LogDestination.descriptor(pipe.writeEnd)
        var logger = Logger(label: "test") { _ in
            ApusLogHandler(destination: destination, format: .readable, level: .warning)
        }
        logger.info("Not seen")
        logger.warning("Seen")
        logger.logLevel = .debug
        logger.debug("Seen as well")
        let lines = pipe.readLines()
        #expect(lines.count == 2)
        #expect(lines.first?.hasSuffix(" WARN  Seen") == true)
        #expect(lines.last?.hasSuffix(" DEBUG Seen as well") == true)
    }

    @Test func `the event's metadata wins over the provider's and that over the handler's`() throws {
        let pipe = try TestPipe()
        let destination = LogDestination.descriptor(pipe.writeEnd)
        var logger = Logger(label: "test") { _ in
            ApusLogHandler(
                destination: destination,
                format: .readable,
                metadataProvider: Logger.MetadataProvider { ["a": "provider", "b": "provider"] }
            )
        }
        logger[metadataKey: "a"] = "handler"
        logger[metadataKey: "b"] = "handler"
        logger[metadataKey: "c"] = "handler"
        logger.info("S", metadata: ["a": "event"])
        #expect(pipe.readLines().first?.hasSuffix(" S a=event b=provider c=handler") == true)
    }
}
