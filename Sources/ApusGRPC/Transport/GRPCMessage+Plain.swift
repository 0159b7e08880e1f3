internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

extension GRPCMessage {
    /// The message's bytes, decompressed when they came compressed.
    ///
    /// - Throws: `internalFailure` for one whose head doesn't say how, and what decompression throws.
    func plain(
        coding: GRPCRequestHead.Coding,
        limits: InputLimits,
        memory: inout RequestMemory
    ) throws(InferenceError) -> ByteBuffer {
        guard isCompressed else { return bytes }
        guard coding == .gzip else {
            throw InferenceError(
                .internalFailure,
                "the message says that it is compressed, and no grpc-encoding says how",
                field: "grpc-encoding",
                expected: "gzip"
            )
        }
        let outcome: Result<ByteBuffer, InferenceError> = unsafe bytes.withUnsafeReadableBytes { compressed in
            do throws(InferenceError) {
                return .success(try unsafe GRPCMessage.inflate(compressed, limits: limits, memory: &memory))
            } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private static func inflate(
        _ bytes: UnsafeRawBufferPointer,
        limits: InputLimits,
        memory: inout RequestMemory
    ) throws(InferenceError) -> ByteBuffer {
        var inflater = try unsafe Inflater(bytes, limits: limits)
        var plain = ByteBuffer()
        var charged = 0
        while !inflater.isFinished {
            if plain.writableBytes == 0 {
                // A power of two, since the buffer takes no other size; charged before it is taken.
                let twice = max(plain.storageCapacity, min(bytes.count, limits.maxBodyBytes), 2048) * 2
                let capacity = min(1 << (Int.bitWidth - (twice - 1).leadingZeroBitCount), Int(UInt32.max))
                try memory.charge(capacity - charged)
                charged = capacity
                plain.reserveCapacity(capacity)
            }
            unsafe plain.writeWithUnsafeMutableBytes(minimumWritableBytes: 1) { room in unsafe inflater.fill(room) }
            try inflater.check()
        }
        return plain
    }
}
