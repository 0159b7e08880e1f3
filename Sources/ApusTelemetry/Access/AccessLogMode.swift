/// Which requests get a line in the log.
package enum AccessLogMode: String, Sendable, CaseIterable {
    /// None.
    case off
    /// Those that failed.
    case failures
    /// All.
    case all
}
