internal import ApusCore
internal import NIOCore

/// Answers in parts: chunked transfer coding for HTTP/1.1, the connection's end for HTTP/1.0.
extension HTTP1Connection {
    /// An answer that has begun.
    struct Streaming {
        /// Whether parts are chunks; else they are bytes up to the connection's end.
        var isChunked: Bool
        /// Whether the connection ends with it.
        var closes: Bool
        /// Called when the client takes bytes again.
        var resume: (@Sendable () -> Void)?
    }

    func begin(_ number: UInt64, _ head: consuming HTTPResponseHead) -> HTTPAnswerFate {
        let fate = fate(of: number)
        guard fate == .sent, streaming == nil, let context else { return fate }
        head.framing = isVersion11 ? .chunks : .close
        let mustClose = machine.mustClose && inbound.readableBytes == 0
        head.closes = head.closes || !isVersion11 || !clientKeepsAlive || mustClose
        streaming = Streaming(isChunked: isVersion11, closes: head.closes)
        // The request has been taken whole; what it holds isn't needed for as long as the answer may take.
        body.reset()
        let bytes = makeBody().encoded(with: head, date: loop.date, omitsBody: isForHead)
        context.write(wrapOutboundOut(bytes), promise: nil)
        needsFlush = true
        if !isParsing { flushIfNeeded() }
        return .sent
    }

    func append(_ number: UInt64, _ part: consuming HTTPResponseBody) -> HTTPAnswerFate {
        let fate = fate(of: number)
        guard fate == .sent, let streaming, let context else { return fate }
        guard part.byteCount > 0, !isForHead else { return .sent }
        let charge = part.charge.take()
        let bytes = streaming.isChunked ? part.encodedAsChunk() : part.buffer
        context.write(wrapOutboundOut(bytes), promise: promise(holding: charge, context))
        needsFlush = true
        flushIfNeeded()
        return .sent
    }

    func end(_ number: UInt64) -> HTTPAnswerFate {
        let fate = fate(of: number)
        guard fate == .sent, let streaming, let context else { return fate }
        self.streaming = nil
        forgetCancellation()
        let last = ByteBuffer(string: streaming.isChunked && !isForHead ? "0\r\n\r\n" : "")
        let closes = streaming.closes || machine.mustClose && inbound.readableBytes == 0
        switch machine.responseWritten(keepsAlive: !closes, now: loop.time.now) {
        case .ignore:
            break
        case .readNext:
            context.write(wrapOutboundOut(last), promise: nil)
            needsFlush = true
            if !isParsing { flushIfNeeded() }
        case .linger:
            inbound = loop.emptyBuffer
            writeLast(last, context, promise: nil)
        }
        if !isParsing { parseAll() }
        return .sent
    }

    func breakOff(_ number: UInt64) {
        guard fate(of: number) == .sent, streaming != nil else { return }
        // Without the last chunk. A body that ends with the connection can't be broken off more clearly than this.
        closeWhenWritten()
    }

    func demand(of number: UInt64) -> Int {
        guard fate(of: number) == .sent, let context else { return 1 }
        return context.channel.isWritable ? 1 : 0
    }

    func whenDemanded(_ number: UInt64, _ resume: @escaping @Sendable () -> Void) {
        guard demand(of: number) == 0, streaming != nil else { return resume() }
        streaming?.resume = resume
    }

    /// Goes on with an answer whose client takes bytes again, or has gone.
    func resumeStreaming() {
        guard let resume = streaming?.resume else { return }
        streaming?.resume = nil
        resume()
    }
}

extension HTTPResponseBody {
    /// Puts the size of a chunk in front and the line's end behind it (RFC 9112 §7.1).
    ///
    /// - Returns: Everything that goes over the wire.
    fileprivate consuming func encodedAsChunk() -> ByteBuffer {
        let line = String(byteCount, radix: 16) + "\r\n"
        let start = buffer.readerIndex - line.utf8.count
        precondition(start >= 0, "room is kept in front of each body")
        buffer.setString(line, at: start)
        buffer.moveReaderIndex(to: start)
        buffer.writeStaticString("\r\n")
        return buffer
    }
}
