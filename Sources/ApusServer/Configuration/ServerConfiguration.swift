package import ApusCore
package import ApusListener
package import ApusTelemetry
package import Logging

/// The server's whole configuration, read and checked.
package struct ServerConfiguration: Sendable {
    package var models = ""
    package var serverID = "apus"
    package var enginePath = ""
    package var cpuBudget = 0
    package var allowsInlineRuns = true
    package var loadingThreads = 1
    package var isReadinessStrict = false
    package var host = "127.0.0.1"
    package var httpPort = 8000
    package var metricsPort = 8002
    package var isInsecure = false
    package var maxConnections = 20_000
    package var limits = InputLimits()
    package var inFlightBytes = 1 << 30
    package var compressionFloor = 4096
    package var timeouts = ConnectionTimeouts()
    /// Nanoseconds.
    package var drainDelay: Int64 = 8_000_000_000
    /// Nanoseconds.
    package var gracePeriod: Int64 = 30_000_000_000
    package var logFormat = LogFormat.readable
    package var logLevel = Logger.Level.info
    package var logFile = ""
    package var accessLog = AccessLogMode.off

    /// The defaults.
    package init() {}

    /// Whether `host` can only be reached from this machine.
    package var isLoopbackOnly: Bool {
        if host == "localhost" || host == "::1" { return true }
        // Only a number: a name that begins with 127 may stand for any address.
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }
}
