internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import GRPCCore
internal import NIOCore

/// A message that our own codec reads, as it came off the network.
struct MessageBody: BinaryBody, Sendable {
    let buffer: ByteBuffer

    var byteCount: Int { buffer.readableBytes }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        try buffer.makeStorage(for: range, alignment: alignment, memory: &memory)
    }
}

/// Takes a message as it is; the one copy is that into memory of our own.
struct MessageBodyDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ bytes: Bytes) throws -> MessageBody {
        unsafe bytes.withUnsafeBytes { buffer in
            var copy = ByteBuffer()
            copy.reserveCapacity(buffer.count)
            _ = unsafe copy.writeBytes(buffer)
            return MessageBody(buffer: copy)
        }
    }
}

/// An encoded message, its memory charged until it has been handed to the transport.
final class EncodedMessage: Sendable {
    let bytes: [UInt8]
    private let charge: HandOver<ByteCharge>

    /// Charges and takes room for exactly the bytes that will be written.
    ///
    /// - Throws: `resourceExhausted` when they don't fit the budget.
    init(
        byteCount: Int,
        budget: ByteBudget,
        _ write: (inout OutputRawSpan) -> Void
    ) throws(InferenceError) {
        var charge: ByteCharge?
        if byteCount > RequestMemory.freeBytes {
            charge = ByteCharge(byteCount, from: budget)
            guard charge != nil else { throw ByteBudget.exhausted }
        }
        self.charge = HandOver(charge)
        self.bytes = unsafe [UInt8](unsafeUninitializedCapacity: byteCount) { memory, count in
            let raw = UnsafeMutableRawBufferPointer(memory)
            var span = unsafe OutputRawSpan(buffer: raw, initializedCount: 0)
            write(&span)
            count = unsafe span.finalize(for: raw)
        }
    }
}

/// Hands encoded messages to a transport.
struct EncodedMessageSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: EncodedMessage) throws -> Bytes {
        if let bytes = message.bytes as? Bytes { return bytes }
        var copy = Bytes(repeating: 0, count: message.bytes.count)
        unsafe copy.withUnsafeMutableBytes { memory in
            unsafe memory.copyBytes(from: message.bytes)
        }
        return copy
    }
}
