internal import NIOCore
internal import NIOHPACK

/// Frames on their way to the socket: what is small is joined in one buffer, what is large goes by itself, uncopied.
///
/// Pure: frames in, buffers out. The memory is used again when the socket has let go of it.
struct HTTP2Outbox {
    /// What is longer isn't copied.
    private static let maxCopied = 4096
    /// The most memory kept for what comes next.
    private static let maxSpare = 4096

    /// The largest payload that the client takes.
    var maxFrameBytes = 16_384
    private var joined = ByteBuffer()
    /// The memory of what was taken last.
    private var spare = ByteBuffer()
    /// What stands in front of `joined`.
    private var ready: [ByteBuffer] = []
    private var nextReady = 0
    private var readyBytes = 0
    private var blocks = HTTP2BlockWriter()

    /// Bytes that wait here.
    var byteCount: Int { readyBytes + joined.readableBytes }

    /// Takes the next of what waits, in its order; `nil` when nothing does.
    mutating func take() -> ByteBuffer? {
        if nextReady < ready.count {
            var part = ByteBuffer()
            swap(&part, &ready[nextReady])
            nextReady += 1
            readyBytes -= part.readableBytes
            return part
        }
        if nextReady > 0 {
            ready = []
            nextReady = 0
        }
        guard joined.readableBytes > 0 else { return nil }
        let taken = joined
        joined = ByteBuffer()
        if taken.storageCapacity <= HTTP2Outbox.maxSpare { spare = taken }
        return taken
    }

    /// What was taken may have left: its memory is used again.
    mutating func reuse() {
        guard spare.storageCapacity > 0 else { return }
        if joined.storageCapacity == 0 {
            swap(&joined, &spare)
            // Taken anew when the socket still holds it.
            joined.clear()
        } else {
            spare = ByteBuffer()
        }
    }

    // MARK: Answers

    /// Writes HEADERS, with CONTINUATION when the client takes no frame that large.
    mutating func write(_ headers: HPACKHeaders, stream: Int, isLast: Bool) {
        let start = joined.writerIndex
        joined.writeHead(.headers, flags: HTTP2Outbox.flags(isLast), stream: stream, length: 0)
        blocks.write(headers, to: &joined)
        close(headersAt: start, stream: stream, isLast: isLast)
    }

    /// Writes HEADERS that are always the same.
    mutating func write(_ block: HTTP2BlockWriter.Constant, stream: Int, isLast: Bool) {
        let start = joined.writerIndex
        joined.writeHead(.headers, flags: HTTP2Outbox.flags(isLast), stream: stream, length: 0)
        blocks.write(block, to: &joined)
        close(headersAt: start, stream: stream, isLast: isLast)
    }

    private static func flags(_ isLast: Bool) -> UInt8 {
        HTTP2FrameHead.Flag.endHeaders | (isLast ? HTTP2FrameHead.Flag.endStream : 0)
    }

    /// Sets the length of a block's frame, or cuts it.
    private mutating func close(headersAt start: Int, stream: Int, isLast: Bool) {
        let begin = start + HTTP2FrameHead.byteCount
        let length = joined.writerIndex - begin
        guard length > maxFrameBytes else {
            let flags = UInt64(HTTP2Outbox.flags(isLast))
            let kind = UInt64(HTTP2FrameHead.Kind.headers.rawValue)
            joined.setInteger(UInt64(length) << 40 | kind << 32 | flags << 24 | UInt64(stream >> 8), at: start)
            return
        }
        var block = joined.getSlice(at: begin, length: length) ?? ByteBuffer()
        joined.moveWriterIndex(to: start)
        var kind = HTTP2FrameHead.Kind.headers
        while var part = block.readSlice(length: min(block.readableBytes, maxFrameBytes)), part.readableBytes > 0 {
            var flags = kind == .headers && isLast ? HTTP2FrameHead.Flag.endStream : 0
            if block.readableBytes == 0 { flags |= HTTP2FrameHead.Flag.endHeaders }
            joined.writeHead(kind, flags: flags, stream: stream, length: part.readableBytes)
            joined.writeBuffer(&part)
            kind = .continuation
        }
    }

    /// Writes one DATA frame, which the client must take.
    mutating func write(_ bytes: ByteBuffer, stream: Int, isLast: Bool) {
        let flags = isLast ? HTTP2FrameHead.Flag.endStream : 0
        joined.writeHead(.data, flags: flags, stream: stream, length: bytes.readableBytes)
        if bytes.readableBytes <= HTTP2Outbox.maxCopied {
            joined.writeImmutableBuffer(bytes)
            return
        }
        ready.append(joined)
        ready.append(bytes)
        readyBytes += joined.readableBytes + bytes.readableBytes
        joined = ByteBuffer()
    }

    // MARK: Everything else

    /// Writes what a connection begins with: our SETTINGS.
    mutating func writeSettings(_ settings: [(name: UInt16, value: Int)]) {
        joined.writeHead(.settings, stream: 0, length: settings.count * 6)
        for (name, value) in settings { joined.writeMultipleIntegers(name, UInt32(value)) }
    }

    /// Writes the answer to SETTINGS.
    mutating func writeSettingsAnswer() {
        joined.writeHead(.settings, flags: HTTP2FrameHead.Flag.acknowledgement, stream: 0, length: 0)
    }

    /// Writes a PING or the answer to one.
    mutating func writePing(_ content: UInt64, isAnswer: Bool) {
        joined.writeHead(.ping, flags: isAnswer ? HTTP2FrameHead.Flag.acknowledgement : 0, stream: 0, length: 8)
        joined.writeInteger(content)
    }

    /// Writes a RST_STREAM.
    mutating func writeReset(stream: Int, _ reason: HTTP2Reason) {
        joined.writeHead(.reset, stream: stream, length: 4)
        joined.writeInteger(reason.rawValue)
    }

    /// Writes a WINDOW_UPDATE.
    mutating func writeWindowUpdate(stream: Int, increment: Int) {
        joined.writeHead(.windowUpdate, stream: stream, length: 4)
        joined.writeInteger(UInt32(increment))
    }

    /// Writes a GOAWAY.
    mutating func writeGoAway(lastStream: Int, _ reason: HTTP2Reason) {
        joined.writeHead(.goAway, stream: 0, length: 8)
        joined.writeMultipleIntegers(UInt32(lastStream), reason.rawValue)
    }

    /// The client's decoder remembers so many bytes of header fields.
    mutating func clientRemembers(_ byteCount: Int) {
        blocks.clientRemembers(byteCount)
    }
}
