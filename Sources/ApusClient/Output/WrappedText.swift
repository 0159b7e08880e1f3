/// Sentences broken into lines.
enum WrappedText {
    /// The words of a text in lines of at most so many characters, lines after the first indented.
    ///
    /// Control characters are escaped; a word that is longer than a line has one of its own.
    static func lines(_ text: String, width: Int = 80, indent: Int = 2) -> String {
        var result = ""
        var column = 0
        for word in Terminal.printable(text).split(separator: " ") {
            if column > 0, column + 1 + word.count > width {
                result += "\n" + String(repeating: " ", count: indent)
                column = indent
            } else if column > 0 {
                result += " "
                column += 1
            }
            result += word
            column += word.count
        }
        return result + "\n"
    }
}
