package import ApusCore
package import NIOCore

/// A body in the making, with room in front of it for the head, so that both leave in one write.
///
/// Not copyable, so that its memory has one owner and writing never copies it.
package struct HTTPResponseBody: ~Copyable, Sendable {
    /// Bytes kept free for the head; a longer one makes its own room.
    static let room = 512
    /// The body; written behind its writer index.
    package var buffer: ByteBuffer
    /// What it holds of the byte budget until it has left; `nil` for a small one.
    package var charge: ByteCharge?

    /// Starts a body in memory that may have been used before.
    init(reusing buffer: consuming ByteBuffer, room: Int = HTTPResponseBody.room) {
        var buffer = buffer
        buffer.clear(minimumCapacity: room)
        buffer.moveWriterIndex(to: room)
        buffer.moveReaderIndex(to: room)
        self.buffer = buffer
        self.charge = nil
    }

    /// Bytes of the body so far.
    package var byteCount: Int { buffer.readableBytes }

    /// Puts the head in front of the body.
    ///
    /// - Returns: Everything that goes over the wire.
    consuming func encoded(with head: borrowing HTTPResponseHead, date: String, omitsBody: Bool) -> ByteBuffer {
        let length = buffer.readableBytes
        if omitsBody { buffer.moveWriterIndex(to: buffer.readerIndex) }
        prepend(head, date: date, contentLength: length)
        return buffer
    }

    /// Composes the head on the stack and copies it once: every access to the buffer would ask anew whose memory it is.
    private mutating func prepend(_ head: borrowing HTTPResponseHead, date: String, contentLength: Int) {
        unsafe withUnsafeTemporaryAllocation(byteCount: head.maxByteCount(date: date), alignment: 1) { memory in
            var bytes = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            head.write(to: &bytes, date: date, contentLength: contentLength)
            makeRoom(bytes.byteCount)
            let start = buffer.readerIndex - bytes.byteCount
            buffer.setBytes(bytes.bytes, at: start)
            buffer.moveReaderIndex(to: start)
        }
    }

    private mutating func makeRoom(_ byteCount: Int) {
        guard buffer.readerIndex < byteCount else { return }
        var large = HTTPResponseBody(reusing: ByteBuffer(), room: byteCount)
        large.buffer.writeBuffer(&buffer)
        swap(&buffer, &large.buffer)
    }
}
