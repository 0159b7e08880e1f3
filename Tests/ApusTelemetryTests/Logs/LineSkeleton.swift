/// What is left of a line when its quoted strings are emptied: what a reader takes for keys, numbers and punctuation.
func skeleton(of line: String) -> String {
    var left = String.UnicodeScalarView()
    var isQuoted = false
    var isEscaped = false
    for scalar in line.unicodeScalars {
        if scalar == "\"", !isEscaped {
            isQuoted.toggle()
            left.append(scalar)
        } else if !isQuoted {
            left.append(scalar)
        }
        isEscaped = isQuoted && scalar == "\\" && !isEscaped
    }
    return String(left)
}
