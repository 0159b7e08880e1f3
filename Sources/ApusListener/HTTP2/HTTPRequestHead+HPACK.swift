internal import NIOCore
internal import NIOHPACK

extension HTTPRequestHead {
    /// Fills a head from the fields of an HTTP/2 request, as the parser of HTTP/1 would from its bytes.
    ///
    /// What comes over HTTP/2 is held to the same rules: control characters, repeated fields, a host. `:authority` is
    /// the host (RFC 9113 §8.3.1).
    init(_ headers: HPACKHeaders, maxFields: Int) throws(HTTPParsingFault) {
        self.init()
        guard headers.count <= maxFields else { throw .tooManyFields }
        var target: String?
        var authority: String?
        bytes.reserveCapacity(1024)
        fields.reserveCapacity(headers.count)
        for (name, value, _) in headers where name.hasPrefix(":") {
            switch name {
            case ":method":
                methodName = append(value)
                method = HTTPRequestHead.method(value)
            case ":path": target = value
            case ":authority": authority = value
            default: break
            }
        }
        try take(target: target)
        if let authority { try append(field: "host", authority) }
        for (name, value, _) in headers where !name.hasPrefix(":") {
            if name == "host", authority != nil { continue }
            try append(field: name, value)
        }
        var facts = FieldFacts()
        var head = HTTPRequestHead()
        let written = bytes
        for field in fields { try facts.note(field, in: written.readableBytesUInt8Span, head: &head) }
        try facts.check(&head)
        guard !head.isChunked else { throw .transferEncoding }
        takeFacts(of: head)
    }

    private static func method(_ name: String) -> Method {
        switch name {
        case "POST": .post
        case "GET": .get
        case "HEAD": .head
        default: .other
        }
    }

    private mutating func take(target: String?) throws(HTTPParsingFault) {
        guard let target, target.utf8.first == UInt8(ascii: "/"), !target.utf8.contains(UInt8(ascii: "#")) else {
            throw .target
        }
        let range = append(target)
        guard HTTPRequestHead.isClean(bytes, range, below: 0x21) else { throw .target }
        let mark = bytes.readableBytesUInt8Span.firstIndex(of: UInt8(ascii: "?"), in: range)
        let end = mark ?? range.upperBound
        path = range.lowerBound..<end
        query = min(end + 1, range.upperBound)..<range.upperBound
    }

    private mutating func append(field name: String, _ value: String) throws(HTTPParsingFault) {
        let nameRange = append(name)
        let valueRange = append(value)
        guard HTTPRequestHead.isClean(bytes, valueRange, below: 0x20) else { throw .fieldLine }
        fields.append(Field(name: nameRange, value: valueRange))
    }

    /// Whether a range has no control characters but tabs, and nothing else below a limit.
    private static func isClean(_ bytes: ByteBuffer, _ range: Range<Int>, below limit: UInt8) -> Bool {
        let span = bytes.readableBytesUInt8Span.extracting(range)
        var index = span.firstIndexOfControl(below: limit, from: 0)
        while limit <= 0x20, index < span.count, span[index] == 0x09 {
            index = span.firstIndexOfControl(below: limit, from: index + 1)
        }
        return index == span.count
    }

    private mutating func append(_ text: String) -> Range<Int> {
        let start = bytes.readableBytes
        bytes.writeString(text)
        return start..<bytes.readableBytes
    }

    private mutating func takeFacts(of head: HTTPRequestHead) {
        contentLength = head.contentLength
        expectsContinue = head.expectsContinue
        contentEncoding = head.contentEncoding
        acceptEncoding = head.acceptEncoding
        inferenceHeaderLength = head.inferenceHeaderLength
        authorization = head.authorization
        timeout = head.timeout
        asksForTiming = head.asksForTiming
    }
}
