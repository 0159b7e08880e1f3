internal import NIOCore

/// Cuts a call's bytes into messages: each has a flag for compression and its length in front (gRPC over HTTP/2,
/// "Length-Prefixed-Message").
///
/// A message that comes in one piece is handed on where it lies; one that comes in parts is merged as they come.
struct GRPCMessageParser {
    /// Bytes in front of a message.
    static let prefixBytes = 5
    /// Readable bytes behind a merged message, as behind a body over HTTP.
    private static let padding = 64
    /// The most memory taken for a message before its bytes have come.
    private static let maxReserve = 256 << 10

    private let maxBytes: Int
    private var pending = ByteBuffer()

    init(maxBytes: Int) {
        self.maxBytes = maxBytes
    }

    /// Whether a message has begun and isn't there whole.
    var isWithinMessage: Bool { pending.readableBytes > 0 }

    /// Memory taken for what has come.
    var pendingCapacity: Int { pending.storageCapacity }

    /// Bytes have come; `next` is asked for messages until there is none before more are given.
    mutating func append(_ bytes: consuming ByteBuffer) {
        guard pending.readableBytes > 0 else {
            pending = bytes
            return
        }
        pending.writeBuffer(&bytes)
    }

    /// Takes the next whole message; `nil` when more bytes must come first.
    mutating func next() throws(GRPCStatus) -> GRPCMessage? {
        guard let length = try nextLength() else { return keep(0) }
        guard pending.readableBytes >= GRPCMessageParser.prefixBytes + length else { return keep(length) }
        let isCompressed = pending.getInteger(at: pending.readerIndex, as: UInt8.self) == 1
        pending.moveReaderIndex(forwardBy: GRPCMessageParser.prefixBytes)
        // Not a slice when nothing follows: that would hide the memory behind it.
        var message = pending
        message.moveWriterIndex(to: message.readerIndex + length)
        pending.moveReaderIndex(forwardBy: length)
        if pending.readableBytes == 0 { pending = ByteBuffer() }
        return GRPCMessage(bytes: message, isCompressed: isCompressed)
    }

    /// Throws all bytes away.
    mutating func reset() {
        pending = ByteBuffer()
    }

    private func nextLength() throws(GRPCStatus) -> Int? {
        guard pending.readableBytes >= GRPCMessageParser.prefixBytes else { return nil }
        let start = pending.readerIndex
        guard let flag = pending.getInteger(at: start, as: UInt8.self), flag <= 1 else {
            throw GRPCStatus(.internalError, "malformed message: expected a flag of 0 or 1 in front of it")
        }
        let length = Int(pending.getInteger(at: start + 1, as: UInt32.self) ?? 0)
        guard length <= maxBytes else { throw .tooLarge(length, limit: maxBytes) }
        return length
    }

    /// Moves the start of a message into memory of its own, so that the next parts have room behind it.
    private mutating func keep(_ length: Int) -> GRPCMessage? {
        let reserve = min(length, GRPCMessageParser.maxReserve)
        let wanted = GRPCMessageParser.prefixBytes + reserve + GRPCMessageParser.padding
        if pending.readableBytes > 0, pending.storageCapacity - pending.readerIndex < wanted {
            var fresh = ByteBuffer()
            fresh.reserveCapacity(max(wanted, pending.readableBytes + GRPCMessageParser.padding))
            fresh.writeBuffer(&pending)
            pending = fresh
        }
        return nil
    }
}
