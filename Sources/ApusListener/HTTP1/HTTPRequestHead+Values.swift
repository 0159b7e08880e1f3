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
        // By bytes: characters cost a hundred times as much, and this is asked of every request.
        var type = value.utf8.prefix { $0 != UInt8(ascii: ";") }
        while let last = type.last, last.isSpace { type.removeLast() }
        while let first = type.first, first.isSpace { type.removeFirst() }
        let text = String(Substring(type))
        return type.contains { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) } ? text.lowercased() : text
    }
}

extension UInt8 {
    fileprivate var isSpace: Bool { self == UInt8(ascii: " ") || self == UInt8(ascii: "\t") }
}
