/// Takes CSV apart cell by cell (RFC 4180; lines may end without a carriage return).
struct CSVCells {
    /// One cell.
    struct Cell {
        let text: String
        /// Whether it stood in quotes, so that it is text whatever it looks like.
        let isQuoted: Bool
        /// Whether it is the last of its row.
        let endsRow: Bool
    }

    private let bytes: [UInt8]
    private var at = 0
    private var buffer: [UInt8] = []

    /// Starts at the first cell; a byte order mark, which spreadsheets write, is passed over.
    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        if bytes.starts(with: [0xef, 0xbb, 0xbf]) { at = 3 }
    }

    private static let comma = UInt8(ascii: ",")
    private static let quote = UInt8(ascii: "\"")
    private static let newline = UInt8(ascii: "\n")
    private static let carriageReturn = UInt8(ascii: "\r")

    /// The next cell; `nil` at the end.
    ///
    /// Empty lines are no rows.
    ///
    /// - Throws: For a quote that isn't closed, and for text behind one.
    mutating func next(startsRow: Bool) throws(PlainFault) -> Cell? {
        if startsRow { skipEmptyLines() }
        guard at < bytes.count || !startsRow else { return nil }
        let isQuoted = at < bytes.count && bytes[at] == CSVCells.quote
        buffer.removeAll(keepingCapacity: true)
        if isQuoted {
            try takeQuoted()
        } else {
            while at < bytes.count, bytes[at] != CSVCells.comma, bytes[at] != CSVCells.newline {
                buffer.append(bytes[at])
                at += 1
            }
            if at >= bytes.count || bytes[at] == CSVCells.newline, buffer.last == CSVCells.carriageReturn {
                buffer.removeLast()
            }
        }
        let endsRow = at >= bytes.count || bytes[at] != CSVCells.comma
        at += 1
        guard let text = String(validating: buffer, as: UTF8.self) else {
            throw .text(field: "", message: "the CSV is not UTF-8", hint: "")
        }
        return Cell(text: text, isQuoted: isQuoted, endsRow: endsRow)
    }

    private mutating func takeQuoted() throws(PlainFault) {
        at += 1
        while true {
            guard at < bytes.count else {
                throw .text(
                    field: "",
                    message: "a cell's quote is not closed",
                    hint: "a quote within quotes is written twice"
                )
            }
            if bytes[at] == CSVCells.quote {
                at += 1
                guard at < bytes.count, bytes[at] == CSVCells.quote else { break }
            }
            buffer.append(bytes[at])
            at += 1
        }
        if at + 1 < bytes.count, bytes[at] == CSVCells.carriageReturn, bytes[at + 1] == CSVCells.newline { at += 1 }
        if at + 1 == bytes.count, bytes[at] == CSVCells.carriageReturn { at += 1 }
        guard at >= bytes.count || bytes[at] == CSVCells.comma || bytes[at] == CSVCells.newline else {
            throw .text(
                field: "",
                message: "there is text behind a cell's closing quote",
                hint: "a quote within quotes is written twice"
            )
        }
    }

    private mutating func skipEmptyLines() {
        while at < bytes.count, bytes[at] == CSVCells.newline || bytes[at] == CSVCells.carriageReturn { at += 1 }
    }
}
