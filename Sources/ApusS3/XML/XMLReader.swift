/// Reads the small XML documents that S3 and STS answer with, and refuses what these never hold.
///
/// UTF-8 only; no document type, so no entities beyond the five and character references; bounded in bytes, depth and
/// number of elements, so that a hostile answer costs what its bytes cost.
package struct XMLReader {
    /// How much of a document is read.
    package struct Limits: Sendable {
        /// The most bytes.
        package var byteCount = 16 << 20
        /// The most elements inside each other.
        package var depth = 16
        /// The most elements.
        package var elements = 50_000

        /// Takes the limits that a listing of 1,000 objects stays far below.
        package init() {}
    }

    private let bytes: [UInt8]
    private let limits: Limits
    private var position = 0
    private var elements = 0
    private var open: [XMLElement] = []

    private init(bytes: [UInt8], limits: Limits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// Reads a document.
    package static func read(_ bytes: [UInt8], limits: Limits = Limits()) throws(XMLFault) -> XMLElement {
        guard bytes.count <= limits.byteCount else {
            throw XMLFault(reason: "more than \(limits.byteCount) bytes", offset: limits.byteCount)
        }
        var reader = XMLReader(bytes: bytes, limits: limits)
        return try reader.document()
    }

    private mutating func document() throws(XMLFault) -> XMLElement {
        if starts("\u{FEFF}") { position += 3 }
        var root: XMLElement?
        while position < bytes.count {
            if bytes[position] != UInt8(ascii: "<") {
                try takeText(isOutside: open.isEmpty)
            } else if let closed = try takeMarkup(hasRoot: root != nil) {
                if open.isEmpty { root = closed } else { open[open.count - 1].children.append(closed) }
            }
        }
        guard open.isEmpty, let root else { throw fault("the document ends before its root element does") }
        return root
    }

    /// Takes what begins with `<`; gives an element when this ends it.
    private mutating func takeMarkup(hasRoot: Bool) throws(XMLFault) -> XMLElement? {
        if starts("<!--") {
            try skip(past: "-->")
        } else if starts("<![CDATA[") {
            try takeCharacterData()
        } else if starts("<?") {
            try skip(past: "?>")
        } else if starts("<!") {
            throw fault("a document type, which isn't read")
        } else if starts("</") {
            return try takeEndTag()
        } else {
            guard !(hasRoot && open.isEmpty) else { throw fault("a second root element") }
            return try takeStartTag()
        }
        return nil
    }

    private mutating func takeStartTag() throws(XMLFault) -> XMLElement? {
        position += 1
        let name = try takeName()
        elements += 1
        guard elements <= limits.elements else { throw fault("more than \(limits.elements) elements") }
        guard open.count < limits.depth else { throw fault("more than \(limits.depth) elements inside each other") }
        try skipAttributes()
        if starts("/>") {
            position += 2
            return XMLElement(name: name)
        }
        position += 1
        open.append(XMLElement(name: name))
        return nil
    }

    private mutating func takeEndTag() throws(XMLFault) -> XMLElement {
        position += 2
        let name = try takeName()
        skipSpace()
        guard starts(">") else { throw fault("an end tag without its >") }
        guard let element = open.popLast(), element.name == name else { throw fault("an end tag that ends nothing") }
        position += 1
        return element
    }

    /// Comes to the `>` or `/>` of a start tag; quoted values may hold either.
    private mutating func skipAttributes() throws(XMLFault) {
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: ">"): return
            case UInt8(ascii: "/") where starts("/>"): return
            case UInt8(ascii: "<"): throw fault("a < in a tag")
            case UInt8(ascii: "\""): try skipQuoted("\"")
            case UInt8(ascii: "'"): try skipQuoted("'")
            default: position += 1
            }
        }
        throw fault("a tag without its end")
    }

    private mutating func skipQuoted(_ mark: String) throws(XMLFault) {
        position += 1
        try skip(past: mark)
    }

    /// A name up to a space, `/` or `>`, without what stands before its colon.
    private mutating func takeName() throws(XMLFault) -> String {
        let start = position
        while position < bytes.count, isNameByte(bytes[position]) { position += 1 }
        let name = bytes[start..<position].split(separator: UInt8(ascii: ":")).last ?? []
        guard !name.isEmpty, let text = String(validating: name, as: UTF8.self) else {
            throw fault("a tag without a name")
        }
        return text
    }

    private func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: ":"), 0x80...:
            true
        default: false
        }
    }

    private mutating func takeCharacterData() throws(XMLFault) {
        position += 9
        let start = position
        try skip(past: "]]>")
        try append(Array(bytes[start..<position - 3]))
    }

    private mutating func takeText(isOutside: Bool) throws(XMLFault) {
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != UInt8(ascii: "<") {
            let byte = bytes[position]
            guard !isOutside || isSpace(byte) else { throw fault("text outside of the root element") }
            if byte == UInt8(ascii: "&") {
                text += try takeReference()
            } else {
                text.append(byte)
                position += 1
            }
        }
        if !isOutside { try append(text) }
    }

    private mutating func append(_ text: [UInt8]) throws(XMLFault) {
        guard !open.isEmpty else { throw fault("text outside of the root element") }
        guard let valid = String(validating: text, as: UTF8.self) else { throw fault("text that isn't UTF-8") }
        open[open.count - 1].text += valid
    }

    /// One of the five entities, or `&#10;`, `&#xA;`.
    private mutating func takeReference() throws(XMLFault) -> [UInt8] {
        let window = bytes[position...].prefix(12)
        guard let end = window.firstIndex(of: UInt8(ascii: ";")) else { throw fault("an & without its ;") }
        let name = String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
        let character: Unicode.Scalar? =
            switch name {
            case "amp": "&"
            case "lt": "<"
            case "gt": ">"
            case "quot": "\""
            case "apos": "'"
            case let name where name.hasPrefix("#x"): UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init)
            case let name where name.hasPrefix("#"): UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init)
            default: nil
            }
        guard let character, character.value != 0 else { throw fault("an entity that isn't one of the five") }
        position = end + 1
        return Array(String(Character(character)).utf8)
    }

    private mutating func skip(past mark: String) throws(XMLFault) {
        while position < bytes.count {
            if starts(mark) {
                position += mark.utf8.count
                return
            }
            position += 1
        }
        throw fault("no \(mark) where one has to come")
    }

    private mutating func skipSpace() {
        while position < bytes.count, isSpace(bytes[position]) { position += 1 }
    }

    private func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    private func starts(_ text: String) -> Bool {
        bytes[position...].starts(with: text.utf8)
    }

    private func fault(_ reason: String) -> XMLFault {
        XMLFault(reason: reason, offset: position)
    }
}
