import ApusCore
import ApusProtocol

/// The binary part of a body, kept in an array; every tensor gets a copy.
struct BytesBody: BinaryBody {
    let bytes: [UInt8]

    var byteCount: Int { bytes.count }

    func makeStorage(
        for range: Range<Int>,
        alignment: Int,
        memory: inout RequestMemory
    ) throws(InferenceError) -> TensorStorage {
        let storage = try memory.allocate(byteCount: range.count, alignment: alignment)
        unsafe storage.withUnsafeMutableBytes { memory in
            unsafe memory.copyBytes(from: bytes[range])
        }
        return storage
    }
}
