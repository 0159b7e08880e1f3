/// The three entries of the Python dictionary that an NPY header is.
struct NPYHeaderFields: Sendable, Hashable {
    /// The element type as NumPy writes it, for example `<f4`.
    private(set) var descriptor: String
    /// Whether columns stand together and not rows.
    private(set) var isFortranOrder: Bool
    /// The dimensions, none negative.
    private(set) var shape: [Int]

    /// Reads the dictionary, all of its entries and no others.
    init(parsing text: String) throws(ClientError) {
        var scanner = Scanner(rest: text[...])
        var descriptor: String?
        var isFortranOrder: Bool?
        var shape: [Int]?
        try scanner.expect("{")
        while !scanner.skip("}") {
            let key = try scanner.quoted()
            try scanner.expect(":")
            switch key {
            case "descr" where descriptor == nil:
                guard !scanner.isAt("[") else {
                    throw NPYHeader.fault("it holds records; save one column of them as an array of its own")
                }
                descriptor = try scanner.quoted()
            case "fortran_order" where isFortranOrder == nil: isFortranOrder = try scanner.boolean()
            case "shape" where shape == nil: shape = try scanner.tuple()
            default: throw NPYHeader.fault("its header has an entry '\(Terminal.printable(key))' that it must not have")
            }
            guard scanner.skip(",") || scanner.isAt("}") else { throw NPYHeader.fault("its header lacks a comma") }
        }
        guard let descriptor, let isFortranOrder, let shape, scanner.isAtEnd else {
            throw NPYHeader.fault("its header needs descr, fortran_order and shape, and nothing after them")
        }
        self.descriptor = descriptor
        self.isFortranOrder = isFortranOrder
        self.shape = shape
    }
}

/// Takes Python literals off the front of a text.
private struct Scanner {
    /// What is still to be read.
    var rest: Substring

    /// Whether only blanks are left.
    var isAtEnd: Bool { rest.allSatisfy(\.isWhitespace) }

    mutating func isAt(_ symbol: Character) -> Bool {
        rest = rest.drop(while: \.isWhitespace)
        return rest.first == symbol
    }

    mutating func skip(_ symbol: Character) -> Bool {
        guard isAt(symbol) else { return false }
        rest.removeFirst()
        return true
    }

    mutating func expect(_ symbol: Character) throws(ClientError) {
        guard skip(symbol) else { throw NPYHeader.fault("its header lacks '\(symbol)'") }
    }

    mutating func quoted() throws(ClientError) -> String {
        let quote: Character = isAt("\"") ? "\"" : "'"
        guard skip(quote), let end = rest.firstIndex(of: quote) else {
            throw NPYHeader.fault("its header lacks a quoted text")
        }
        let text = rest[..<end]
        rest = rest[rest.index(after: end)...]
        return String(text)
    }

    mutating func boolean() throws(ClientError) -> Bool {
        rest = rest.drop(while: \.isWhitespace)
        let word = rest.prefix(while: \.isLetter)
        rest = rest[word.endIndex...]
        switch word {
        case "True": return true
        case "False": return false
        default: throw NPYHeader.fault("fortran_order in its header is neither True nor False")
        }
    }

    mutating func tuple() throws(ClientError) -> [Int] {
        try expect("(")
        var sizes: [Int] = []
        while !skip(")") {
            rest = rest.drop(while: \.isWhitespace)
            let digits = rest.prefix { ("0"..."9").contains($0) }
            guard let size = Int(digits) else {
                throw NPYHeader.fault("the shape in its header holds something else than sizes below 2^63")
            }
            rest = rest[digits.endIndex...]
            sizes.append(size)
            guard skip(",") || isAt(")") else { throw NPYHeader.fault("the shape in its header lacks a comma") }
        }
        return sizes
    }
}
