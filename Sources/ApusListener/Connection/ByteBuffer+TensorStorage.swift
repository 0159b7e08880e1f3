package import ApusCore
package import NIOCore

extension ByteBuffer {
    /// Below this it's cheaper to copy than to keep a whole network buffer alive.
    private static let borrowThreshold = 16 << 10

    /// Tensor memory for a part of the readable bytes: borrowed where it is aligned, else a copy in the request's memory.
    ///
    /// The one place where bytes off the network become tensor memory.
    ///
    /// - Parameters:
    ///   - range: The part, counted from the first readable byte.
    ///   - alignment: What the start's address has to be a multiple of.
    ///   - memory: Where a copy's memory comes from.
    /// - Returns: The memory, as long as the part.
    /// - Throws: `resourceExhausted` without memory.
    package func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        if range.count >= ByteBuffer.borrowThreshold, let storage = borrow(range, alignment: alignment) {
            return storage
        }
        let storage = try memory.allocate(byteCount: range.count, alignment: alignment)
        unsafe withUnsafeReadableBytes { buffer in
            unsafe storage.withUnsafeMutableBytes { memory in
                unsafe memory.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[range]))
            }
        }
        return storage
    }

    /// A part of the bytes where it lies; `nil` when it isn't aligned.
    private func borrow(_ range: Range<Int>, alignment: Int) -> TensorStorage? {
        unsafe withUnsafeReadableBytesWithStorageManagement { buffer, owner in
            let part = unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
            guard let base = part.baseAddress, Int(bitPattern: base) % alignment == 0 else { return nil }
            // Nobody writes to it while it's shared: a ByteBuffer that isn't the only owner copies before writing.
            return unsafe TensorStorage(
                base: UnsafeMutableRawPointer(mutating: base),
                byteCount: part.count,
                owner: owner.takeUnretainedValue()
            )
        }
    }
}
