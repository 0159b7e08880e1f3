internal import NIOCore

extension HTTPRequestHead {
    /// The value of the first field with a name, given in lower case: letters and hyphens, at least four.
    package func value(of name: StaticString) -> String? {
        let span = bytes.readableBytesUInt8Span
        for field in fields where span.matches(name: field, name) { return text(field.value) }
        return nil
    }

    /// The media type of the body in lower case, without its parameters; empty when none was said.
    package var mediaType: String {
        guard let value = value(of: "content-type") else { return "" }
        let type = value.prefix { $0 != ";" }
        return String(type).trimmingSpaces().lowercased()
    }
}

extension String {
    fileprivate func trimmingSpaces() -> String {
        var text = self[...]
        while text.last == " " || text.last == "\t" { text.removeLast() }
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        return String(text)
    }
}
