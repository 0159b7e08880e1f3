internal import Glibc

/// Where commands say what is no result.
package enum StandardError {
    /// Writes a line that begins with `note: `.
    package static func note(_ text: String) {
        let line = Array("note: \(text)\n".utf8)
        // Nobody can be told that nobody can be told.
        _ = unsafe write(STDERR_FILENO, line, line.count)
    }
}
