internal import ApusCore
internal import NIOCore

extension HTTP1Connection {
    /// Takes one step; `false` when more bytes, or an answer, must come first.
    func parseNext() throws(HTTPParsingFault) -> Bool {
        switch machine.state {
        case .idle, .readingHead:
            guard machine.mayParse, inbound.readableBytes > 0 else { return false }
            return try parseHead()
        case .readingBody:
            return try parseBody()
        case .responding, .lingering, .closed:
            return false
        }
    }

    private func parseHead() throws(HTTPParsingFault) -> Bool {
        let now = loop.time.now
        if machine.state == .idle {
            received = now
            loop.requestIsRead(now: now)
            guard skipEmptyLines() else { return false }
        }
        // Out of the property for the time of this call, so that handing it on copies nothing.
        var head = HTTPRequestHead(bytes: loop.emptyBuffer)
        swap(&head, &self.head)
        defer { swap(&head, &self.head) }
        let bytes = inbound
        guard case .complete(let byteCount) = try parser.parse(bytes.readableBytesUInt8Span, into: &head) else {
            machine.headBegan(now: now)
            return false
        }
        head.bytes = inbound.readSlice(length: byteCount) ?? loop.emptyBuffer
        isForHead = head.method == .head
        clientKeepsAlive = head.keepsAlive
        isVersion11 = head.isVersion11
        let operation: AdmittedOperation
        switch application.admit(head) {
        case .accept(let admitted):
            operation = admitted
        case .refuse(let response, let bytes):
            // A body that nobody takes would be read as the next request: the connection can't go on behind it.
            let hasBody = head.isChunked || (head.contentLength ?? 0) > 0
            head.bytes = loop.emptyBuffer
            refuse(response, bytes, closes: hasBody, now: now)
            return true
        }
        let length = head.contentLength ?? 0
        guard length <= configuration.limits.maxBodyBytes else { throw .bodyTooLarge }
        if !head.isChunked, length <= inbound.readableBytes {
            let bytes = try takeInPlace(length)
            handOn(head, operation, bytes, now: now)
            head.bytes = loop.emptyBuffer
            return true
        }
        self.operation = operation
        try body.begin(head)
        machine.headCompleted(now: now)
        if head.expectsContinue, inbound.readableBytes == 0 { writeContinue() }
        return true
    }

    /// Some clients send an empty line behind a body; RFC 9112 §2.2 has servers pass over it.
    ///
    /// - Returns: Whether a request begins behind it. What may become an empty line doesn't begin one: its client sends
    ///   nothing more and is not late with it.
    private func skipEmptyLines() -> Bool {
        while inbound.readableBytesUInt8Span.matches("\r\n", at: 0) {
            inbound.moveReaderIndex(forwardBy: 2)
        }
        guard inbound.readableBytes > 0 else {
            inbound = loop.emptyBuffer
            return false
        }
        return inbound.readableBytes > 1 || inbound.getInteger(at: inbound.readerIndex) != UInt8(ascii: "\r")
    }

    /// Answers a request whose body is not taken.
    private func refuse(_ response: HTTPResponseHead, _ bytes: [UInt8], closes: Bool, now: MonotonicTime) {
        var response = response
        if closes { response.closes = true }
        machine.requestCompleted(now: now)
        number &+= 1
        var body = makeBody()
        body.buffer.writeBytes(bytes)
        write(response, body)
    }

    /// Takes a body that has been read together with its head, without a copy.
    private func takeInPlace(_ length: Int) throws(HTTPParsingFault) -> ByteBuffer {
        try body.charge(length)
        // Not a slice: that would hide the memory behind the body, which a JSON parser may look at.
        var whole = inbound
        whole.moveWriterIndex(to: whole.readerIndex + length)
        inbound.moveReaderIndex(forwardBy: length)
        if inbound.readableBytes == 0 { inbound = loop.emptyBuffer }
        return whole
    }

    private func parseBody() throws(HTTPParsingFault) -> Bool {
        let now = loop.time.now
        let available = inbound.readableBytes
        guard available > 0 else { return false }
        let whole = try body.take(from: &inbound)
        machine.bodyProgressed(by: available - inbound.readableBytes, now: now)
        guard let whole else {
            if inbound.readableBytes == 0 { inbound = loop.emptyBuffer }
            return false
        }
        guard let operation else { return false }
        self.operation = nil
        handOn(head, operation, whole, now: now)
        head.bytes = loop.emptyBuffer
        return true
    }

    private func writeContinue() {
        guard let context else { return }
        let bytes = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    }
}
