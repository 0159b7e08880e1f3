/// Takes the chunks of a body apart, as RFC 9112 §7.1 has them.
///
/// Bytes that carry no data (size lines, extensions, trailers) are bounded: a body of one-byte chunks is legal, a body
/// of extensions is not worth reading.
struct ChunkedBodyParser {
    /// What stands at the start of the bytes.
    enum Step: Equatable {
        /// More bytes are needed; so many were taken.
        case incomplete(taken: Int)
        /// So many bytes were taken, and then so many bytes of data follow.
        case data(taken: Int, byteCount: Int)
        /// The body has ended; so many bytes were taken.
        case end(taken: Int)
    }

    private enum State {
        case size
        case data(remaining: Int)
        case dataEnd
        case trailer
    }

    /// The longest size line, with its extensions.
    private static let maxLineBytes = 4096
    private var state = State.size
    private var trailerBytes = 0
    private var extensionBytes = 0
    private let maxTrailerBytes: Int

    init(maxTrailerBytes: Int) {
        self.maxTrailerBytes = maxTrailerBytes
    }

    /// Takes one step.
    mutating func next(_ bytes: Span<UInt8>) throws(HTTPParsingFault) -> Step {
        switch state {
        case .size: try takeSize(bytes)
        case .data(let remaining): takeData(bytes, remaining: remaining, taken: 0)
        case .dataEnd: try takeDataEnd(bytes)
        case .trailer: try takeTrailer(bytes, from: 0)
        }
    }

    private mutating func takeSize(_ bytes: Span<UInt8>) throws(HTTPParsingFault) -> Step {
        guard let end = endOfLine(bytes, from: 0) else {
            guard bytes.count <= ChunkedBodyParser.maxLineBytes else { throw .chunk }
            return .incomplete(taken: 0)
        }
        guard end <= ChunkedBodyParser.maxLineBytes else { throw .chunk }
        var size = 0
        var index = 0
        while index < end, let digit = ChunkedBodyParser.hexDigit(bytes[index]) {
            guard index < 15 else { throw .chunk }
            size = size << 4 | digit
            index += 1
        }
        guard index > 0, isExtension(bytes, index..<end) else { throw .chunk }
        extensionBytes += end - index
        guard extensionBytes <= maxTrailerBytes else { throw .chunk }
        if size == 0 {
            state = .trailer
            return try takeTrailer(bytes, from: end + 2)
        }
        state = .data(remaining: size)
        return .data(taken: end + 2, byteCount: 0)
    }

    private mutating func takeData(_ bytes: Span<UInt8>, remaining: Int, taken: Int) -> Step {
        let available = min(remaining, bytes.count)
        guard available > 0 else { return .incomplete(taken: 0) }
        state = available == remaining ? .dataEnd : .data(remaining: remaining - available)
        return .data(taken: taken, byteCount: available)
    }

    private mutating func takeDataEnd(_ bytes: Span<UInt8>) throws(HTTPParsingFault) -> Step {
        guard bytes.count >= 2 else { return .incomplete(taken: 0) }
        guard bytes[0] == 0x0d, bytes[1] == 0x0a else { throw .chunk }
        state = .size
        return .data(taken: 2, byteCount: 0)
    }

    /// Reads trailer fields and forgets them.
    private mutating func takeTrailer(_ bytes: Span<UInt8>, from start: Int) throws(HTTPParsingFault) -> Step {
        var position = start
        while let end = endOfLine(bytes, from: position) {
            if end == position { return .end(taken: end + 2) }
            guard isField(bytes, position..<end) else { throw .chunk }
            trailerBytes += end + 2 - position
            guard trailerBytes <= maxTrailerBytes else { throw .chunk }
            position = end + 2
        }
        guard bytes.count - position <= maxTrailerBytes else { throw .chunk }
        return .incomplete(taken: position)
    }

    private func endOfLine(_ bytes: Span<UInt8>, from start: Int) -> Int? {
        var index = start
        while index + 1 < bytes.count {
            if bytes[index] == 0x0d, bytes[index + 1] == 0x0a { return index }
            index += 1
        }
        return nil
    }

    /// Whether a size line ends behind its digits, or goes on with white space and an extension.
    private func isExtension(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
        guard index < range.upperBound else { return true }
        return bytes[index] == UInt8(ascii: ";") && isText(bytes, range)
    }

    /// Whether a line is a field: a name, a colon, and no control characters.
    private func isField(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index < range.upperBound, bytes[index] > 0x20, bytes[index] != UInt8(ascii: ":") { index += 1 }
        return index > range.lowerBound && index < range.upperBound && bytes[index] == UInt8(ascii: ":")
            && isText(bytes, range)
    }

    /// Whether a line has no control characters.
    private func isText(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        for index in range where bytes[index] < 0x20 && bytes[index] != 0x09 || bytes[index] == 0x7f { return false }
        return true
    }

    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte) - 48
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte) - 87
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte) - 55
        default: nil
        }
    }
}
