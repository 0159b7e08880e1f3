internal import ApusCore
internal import ApusProtocol
internal import NIOCore

/// The one place where bytes off the network become tensor memory and the other way round.
struct NetworkBody: BinaryBody {
    /// Below this it's cheaper to copy than to keep a whole network buffer alive.
    private static let borrowThreshold = 16 << 10
    private let bytes: ByteBuffer

    /// The binary part of a body.
    init(_ bytes: ByteBuffer) {
        self.bytes = bytes
    }

    var byteCount: Int { bytes.readableBytes }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        allocator: any TensorAllocator
    ) -> TensorStorage? {
        unsafe bytes.withUnsafeReadableBytesWithStorageManagement { buffer, owner in
            let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            if part.count >= NetworkBody.borrowThreshold, let base = part.baseAddress,
                Int(bitPattern: base) % alignment == 0
            {
                // Nobody writes to it while it's shared: a ByteBuffer that isn't the only owner copies before writing.
                return unsafe TensorStorage(
                    base: UnsafeMutableRawPointer(mutating: base),
                    byteCount: part.count,
                    owner: owner.takeUnretainedValue()
                )
            }
            guard let storage = allocator.allocate(byteCount: part.count, alignment: alignment) else { return nil }
            unsafe storage.withUnsafeMutableBytes { memory in
                unsafe memory.copyMemory(from: part)
            }
            return storage
        }
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
        return try outcome.get()
    }

    /// Decompresses a whole body.
    static func decompressed(_ body: ByteBuffer, limits: InputLimits) throws(InferenceError) -> ByteBuffer {
        let outcome: Swift.Result<[UInt8], InferenceError> = unsafe body.withUnsafeReadableBytes { bytes in
            do throws(InferenceError) {
                return .success(try unsafe Compression.decompress(bytes, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        return ByteBuffer(bytes: try outcome.get())
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
