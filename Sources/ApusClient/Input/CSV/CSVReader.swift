/// Takes rows off the front of a CSV text.
struct CSVReader {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var line = 1

    /// Reads from the slice's start.
    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
    }

    /// The next row that isn't blank; `nil` at the end.
    mutating func row() throws(ClientError) -> CSVTable.Row? {
        while skipLineEnd() {}
        guard position < bytes.endIndex else { return nil }
        let start = line
        var cells: [String] = []
        while true {
            cells.append(try cell())
            guard peek() == UInt8(ascii: ",") else { break }
            position += 1
        }
        guard position == bytes.endIndex || skipLineEnd() else {
            throw CSVTable.fault(line: line, "a comma or the line's end is expected after a closing quote")
        }
        return CSVTable.Row(line: start, cells: cells)
    }

    private mutating func cell() throws(ClientError) -> String {
        let start = position
        if peek() == UInt8(ascii: "\"") { return try text(quotedCell()) }
        while let byte = peek(), byte != UInt8(ascii: ","), byte != 0x0A, byte != 0x0D { position += 1 }
        return try text(bytes[start..<position])
    }

    private mutating func quotedCell() throws(ClientError) -> ArraySlice<UInt8> {
        let opening = line
        var content: ArraySlice<UInt8> = []
        position += 1
        while let byte = peek() {
            position += 1
            if byte == UInt8(ascii: "\"") {
                guard peek() == UInt8(ascii: "\"") else { return content }
                position += 1
            }
            if byte == 0x0A { line += 1 }
            content.append(byte)
        }
        throw CSVTable.fault(line: opening, "the quoted cell that starts here is not closed")
    }

    private func text(_ content: ArraySlice<UInt8>) throws(ClientError) -> String {
        guard let text = String(validating: content, as: UTF8.self) else {
            throw CSVTable.fault(line: line, "the text is not valid UTF-8")
        }
        return text
    }

    private mutating func skipLineEnd() -> Bool {
        guard let byte = peek(), byte == 0x0A || byte == 0x0D else { return false }
        position += 1
        if byte == 0x0D, peek() == 0x0A { position += 1 }
        line += 1
        return true
    }

    private func peek() -> UInt8? {
        position < bytes.endIndex ? bytes[position] : nil
    }
}
