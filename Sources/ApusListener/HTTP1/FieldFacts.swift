/// What the fields of one head say together of the body and the connection.
struct FieldFacts {
    private var hostCount = 0
    private var lengthCount = 0
    private var encodingCount = 0

    /// Takes one field; those that nobody needs cost one comparison of their length.
    mutating func note(
        _ field: HTTPRequestHead.Field,
        in bytes: Span<UInt8>,
        head: inout HTTPRequestHead
    ) throws(HTTPParsingFault) {
        switch field.name.count {
        case 4 where bytes.matches(name: field, "host"):
            hostCount += 1
        case 6 where bytes.matches(name: field, "expect"):
            hasUnknownExpectation = hasUnknownExpectation || !bytes.matches(value: field, "100-continue")
            head.expectsContinue = true
        case 10 where bytes.matches(name: field, "connection"):
            noteConnection(field, in: bytes, head: &head)
        case 13 where bytes.matches(name: field, "authorization"):
            guard head.authorization == nil else { throw .repeatedField }
            head.authorization = field.value
        case 14 where bytes.matches(name: field, "content-length"):
            lengthCount += 1
            guard let length = bytes.decimal(field.value) else { throw .contentLength }
            head.contentLength = length
        case 15 where bytes.matches(name: field, "accept-encoding"):
            head.acceptEncoding = field.value
        case 16 where bytes.matches(name: field, "content-encoding"):
            guard head.contentEncoding == nil else { throw .repeatedField }
            head.contentEncoding = field.value
        case 17 where bytes.matches(name: field, "transfer-encoding"):
            encodingCount += 1
            guard bytes.matches(value: field, "chunked") else { throw .transferEncoding }
            head.isChunked = true
        case 31 where bytes.matches(name: field, "inference-header-content-length"):
            guard head.inferenceHeaderLength == nil else { throw .repeatedField }
            head.inferenceHeaderLength = field.value
        case 11 where bytes.matches(name: field, "apus-timing"):
            head.asksForTiming = bytes.matches(value: field, "1") || bytes.matches(value: field, "true")
        case 12 where bytes.matches(name: field, "apus-timeout"):
            head.timeout = head.timeout ?? field.value
        default:
            break
        }
    }

    /// Looks at all of them together, behind the last one.
    func check(_ head: inout HTTPRequestHead) throws(HTTPParsingFault) {
        guard hostCount == 1 || !head.isVersion11 && hostCount == 0 else { throw .host }
        guard lengthCount <= 1 else { throw .contentLength }
        guard encodingCount <= 1 else { throw .transferEncoding }
        guard !(head.isChunked && (lengthCount > 0 || !head.isVersion11)) else { throw .conflictingLength }
        head.expectsContinue = head.expectsContinue && head.isVersion11
        guard !(head.isVersion11 && hasUnknownExpectation) else { throw .expectation }
        head.keepsAlive = !asksToClose && (head.isVersion11 || asksToKeep)
    }

    private var asksToClose = false
    private var asksToKeep = false
    private var hasUnknownExpectation = false

    private mutating func noteConnection(
        _ field: HTTPRequestHead.Field,
        in bytes: Span<UInt8>,
        head: inout HTTPRequestHead
    ) {
        // Nearly all have but one option, and that makes no list.
        if bytes.matches(value: field, "keep-alive") {
            asksToKeep = true
            return
        }
        for option in bytes.listElements(of: field.value) {
            if bytes.matches(lowercased: "close", option) { asksToClose = true }
            if bytes.matches(lowercased: "keep-alive", option) { asksToKeep = true }
        }
    }
}
