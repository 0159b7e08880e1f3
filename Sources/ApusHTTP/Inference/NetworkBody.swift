internal import ApusCore
internal import ApusListener
internal import ApusProtocol
internal import NIOCore

/// What bodies over HTTP become: tensors, JSON, plain bytes; and the other way round.
struct NetworkBody: BinaryBody {
    private let bytes: ByteBuffer

    /// The binary part of a body.
    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    var byteCount: Int { bytes.readableBytes }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        try bytes.makeStorage(for: range, alignment: alignment, memory: &memory)
    }

    /// Lends the first bytes of a body to a JSON parser, which may read 64 bytes behind them.
    static func withJSON<Result, Failure: Error>(
        of body: ByteBuffer,
        byteCount: Int,
        _ read: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let hasRoom = body.storageCapacity - body.readerIndex - byteCount >= JSONReader.padding
        var padded = body
        if !hasRoom {
            padded = ByteBuffer()
            padded.reserveCapacity(byteCount + JSONReader.padding)
            padded.writeImmutableBuffer(body.getSlice(at: body.readerIndex, length: byteCount) ?? ByteBuffer())
        }
        // Not `try` inside the closure: the function takes no typed throws.
        let outcome: Swift.Result<Result, Failure> = unsafe padded.withUnsafeReadableBytes { buffer in
            let json = unsafe UnsafeRawBufferPointer(rebasing: buffer[..<byteCount])
            do throws(Failure) {
                return .success(try unsafe read(json))
            } catch {
                return .failure(error)
            }
        }
        // Not `get`, which copies.
        switch consume outcome {
        case .success(let result): return result
        case .failure(let error): throw error
        }
    }

    /// Decompresses a whole body into memory that has room for a JSON parser behind it.
    static func decompressed(
        _ body: ByteBuffer,
        limits: InputLimits,
        memory: inout RequestMemory
    ) throws(InferenceError) -> ByteBuffer {
        let outcome: Swift.Result<ByteBuffer, InferenceError> = unsafe body.withUnsafeReadableBytes { bytes in
            do throws(InferenceError) {
                return .success(try unsafe inflate(bytes, limits: limits, memory: &memory))
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
            if plain.writableBytes <= JSONReader.padding {
                // A power of two, since the buffer takes no other size; charged before it is taken.
                let twice = max(plain.storageCapacity, min(bytes.count, limits.maxBodyBytes), 2048) * 2
                let capacity = min(1 << (Int.bitWidth - (twice - 1).leadingZeroBitCount), Int(UInt32.max))
                try memory.charge(capacity - charged)
                charged = capacity
                plain.reserveCapacity(capacity)
            }
            unsafe plain.writeWithUnsafeMutableBytes(minimumWritableBytes: JSONReader.padding + 1) { room in
                unsafe inflater.fill(UnsafeMutableRawBufferPointer(rebasing: room.dropLast(JSONReader.padding)))
            }
            try inflater.check()
        }
        return plain
    }

    /// Compresses what a buffer holds; `nil` when nothing is gained.
    static func compressed(_ body: ByteBuffer, as coding: ContentCoding) -> [UInt8]? {
        unsafe body.withUnsafeReadableBytes { bytes in
            unsafe Compression.compress(bytes, as: coding)
        }
    }

    /// Appends a tensor's bytes.
    static func append(_ tensor: Tensor, to buffer: inout ByteBuffer) {
        unsafe tensor.storage.withUnsafeBytes { bytes in
            _ = unsafe buffer.writeBytes(bytes)
        }
    }
}
