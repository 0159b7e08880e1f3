/// A place in a text, both numbers counted from one; columns count characters, not bytes.
package struct TextPosition: Sendable, Hashable {
    /// The line.
    package var line: Int

    /// The character in the line.
    package var column: Int

    /// The first character of a text.
    static let start = TextPosition(line: 1, column: 1)
}
