/// What only the edges know of the server's state, read at one moment.
package struct ServerGauges: Sendable {
    /// Open connections.
    package var connections = 0
    /// HTTP responses sent since the start, by status code; 499 for those whose client had gone.
    package var responses: [Int: UInt64] = [:]
    /// Log lines that could not be written, from `LogDestination.linesLost`.
    package var logLinesLost: UInt64 = 0

    /// Answers remembered, their bytes and the most bytes allowed; `nil` while no model has a response cache.
    package var responseCache: (answers: Int, bytes: Int, limit: Int)?

    /// Starts at zero.
    package init() {}
}
