/// Where and why a text isn't JSON.
package struct JSONSyntaxError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was expected there.
    package let message: String
    /// The line, from 1.
    package let line: Int
    /// The byte in the line, from 1.
    package let column: Int

    /// Places a fault at a byte of the text.
    init(_ message: String, at offset: Int, in bytes: [UInt8]) {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, bytes.count) where bytes[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        self.message = message
        self.line = line
        self.column = min(offset, bytes.count) - lineStart + 1
    }

    package var description: String { "line \(line), column \(column): \(message)" }
}
