/// How a line of the log looks.
package enum LogFormat: String, Sendable, CaseIterable {
    /// For people: `2026-11-20T23:30:08.123Z INFO  Model is live model=iris version=1`.
    case readable
    /// For collectors: one JSON object a line with `time`, `level`, `message` and the metadata keys.
    case json
}
