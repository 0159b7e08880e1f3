extension HTTPResponseHead {
    /// The texts and numbers below without those of the caller: 218 bytes when all of them are there at once.
    private static let maxFixedByteCount = 256

    /// The most bytes that `write` takes.
    func maxByteCount(date: String) -> Int {
        var count = HTTPResponseHead.maxFixedByteCount + date.utf8.count + contentType.utf8.count
        count += HTTPResponseHead.phrase(status).utf8.count + (contentEncoding?.utf8.count ?? 0)
        for field in fields { count += field.name.utf8.count + field.value.utf8.count + 4 }
        return count
    }

    /// Writes the status line and the fields, up to the empty line behind them.
    func write(to bytes: inout OutputRawSpan, date: String, contentLength: Int) {
        if status == 200, contentType == HTTPResponseHead.json, framing == .length {
            bytes.append("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " as StaticString)
        } else {
            bytes.append("HTTP/1.1 " as StaticString)
            bytes.append(decimal: status)
            bytes.append(" " as StaticString)
            bytes.append(HTTPResponseHead.phrase(status))
            bytes.append("\r\nContent-Type: " as StaticString)
            bytes.append(contentType)
            switch framing {
            case .length: bytes.append("\r\nContent-Length: " as StaticString)
            case .chunks: bytes.append("\r\nTransfer-Encoding: chunked" as StaticString)
            case .close: break
            }
        }
        if framing == .length { bytes.append(decimal: contentLength) }
        bytes.append("\r\nDate: " as StaticString)
        bytes.append(date)
        writeRareFields(to: &bytes)
        bytes.append("\r\n\r\n" as StaticString)
    }

    private func writeRareFields(to bytes: inout OutputRawSpan) {
        if let inferenceHeaderLength {
            bytes.append("\r\nInference-Header-Content-Length: " as StaticString)
            bytes.append(decimal: inferenceHeaderLength)
        }
        if let contentEncoding {
            bytes.append("\r\nContent-Encoding: " as StaticString)
            bytes.append(contentEncoding)
            bytes.append("\r\nVary: Accept-Encoding" as StaticString)
        }
        for field in fields {
            bytes.append("\r\n" as StaticString)
            bytes.append(field.name)
            bytes.append(": " as StaticString)
            bytes.append(field.value)
        }
        if closes {
            bytes.append("\r\nConnection: close" as StaticString)
        } else if confirmsKeepAlive {
            bytes.append("\r\nConnection: keep-alive" as StaticString)
        }
    }
}

extension OutputRawSpan {
    /// Appends a fixed text.
    @_lifetime(self: copy self)
    fileprivate mutating func append(_ text: StaticString) {
        unsafe append(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a text.
    @_lifetime(self: copy self)
    fileprivate mutating func append(_ text: String) {
        var text = text
        text.withUTF8 { utf8 in unsafe append(UnsafeRawBufferPointer(utf8)) }
    }

    /// Appends a number that isn't negative.
    @_lifetime(self: copy self)
    fileprivate mutating func append(decimal number: Int) {
        var digits = InlineArray<20, UInt8>(repeating: 0)
        var start = digits.count
        var rest = number
        repeat {
            start -= 1
            digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
            rest /= 10
        } while rest > 0
        for index in start..<digits.count { append(digits[index]) }
    }

    @_lifetime(self: copy self)
    private mutating func append(_ bytes: UnsafeRawBufferPointer) {
        unsafe withUnsafeMutableBytes { memory, count in
            let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: memory[count...])
            precondition(bytes.count <= rest.count)
            unsafe rest.copyMemory(from: bytes)
            count += bytes.count
        }
    }
}
