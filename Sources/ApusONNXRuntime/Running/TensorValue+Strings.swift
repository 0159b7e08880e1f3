internal import ApusCore
internal import ApusEngine
internal import CONNXRuntime
internal import Glibc

extension TensorValue {
    /// Makes a value of strings from the v2 encoding; any bytes may stand in a string.
    static func makeStrings(_ tensor: Tensor, _ session: SessionHandle) throws(EngineError) -> OpaquePointer {
        let value = try unsafe make(.bytes, tensor.shape, session)
        do throws(EngineError) {
            try unsafe fillStrings(value, tensor, session)
        } catch {
            unsafe CONNXRuntime_releaseValue(session.api, value)
            throw error
        }
        return unsafe value
    }

    /// Copies each element into the library's string of the same index.
    private static func fillStrings(
        _ value: OpaquePointer,
        _ tensor: Tensor,
        _ session: SessionHandle
    ) throws(EngineError) {
        try unsafe tensor.storage.withUnsafeBytes { (bytes) throws(EngineError) in
            let span = tensor.storage.bytes
            var offset = 0
            for index in 0..<tensor.shape.elementCount {
                guard let length = BytesElements.length(in: span, at: offset) else { throw brokenEncoding }
                let buffer = try unsafe resize(value, index, length, session)
                if length > 0, let buffer = unsafe buffer, let start = bytes.baseAddress {
                    unsafe memcpy(buffer, start + offset + 4, length)
                }
                offset += 4 + length
            }
            guard offset == span.byteCount else { throw brokenEncoding }
        }
    }

    /// The error for lengths that don't fit the memory.
    private static var brokenEncoding: EngineError {
        EngineError(.invalidInput, "the lengths in a BYTES tensor don't fit its shape and its size")
    }

    /// Makes room in one of the library's strings.
    private static func resize(
        _ value: OpaquePointer,
        _ index: Int,
        _ length: Int,
        _ session: SessionHandle
    ) throws(EngineError) -> UnsafeMutablePointer<CChar>? {
        var buffer: UnsafeMutablePointer<CChar>?
        let status = unsafe CONNXRuntime_resizeString(session.api, value, index, length, &buffer)
        if let status = unsafe status {
            throw EngineError("make a string", unsafe session.environment.library.takeFailure(status))
        }
        return unsafe buffer
    }

    /// Copies a value's strings out, in the v2 encoding.
    static func takeStrings(
        _ value: OpaquePointer,
        _ shape: TensorShape,
        _ session: SessionHandle
    ) throws(EngineError) -> TensorStorage {
        let library = session.environment.library
        let count = shape.elementCount
        guard count > 0 else { return try makeStorage(0) }
        let total: Int = try unsafe library.number("measure strings") { out in
            unsafe CONNXRuntime_stringsByteCount(session.api, value, out)
        }
        let storage = try makeStorage(total + 4 * count)
        guard let offsets = TensorStorage(byteCount: 8 * count) else { throw outOfMemory(8 * count) }
        try unsafe storage.withUnsafeMutableBytes { (bytes) throws(EngineError) in
            try unsafe offsets.withUnsafeMutableBytes { (table) throws(EngineError) in
                let starts = unsafe table.bindMemory(to: Int.self)
                let text = unsafe bytes.baseAddress! + 4 * count
                let status = unsafe CONNXRuntime_copyStrings(
                    session.api,
                    value,
                    text,
                    total,
                    starts.baseAddress!,
                    count
                )
                try unsafe library.check(status, "copy strings")
                try unsafe encode(bytes, starts, total: total)
            }
        }
        return storage
    }

    /// Puts the lengths between strings that lie without gaps at the end of the memory.
    ///
    /// Works from the front in place: each element ends where or before the next one's bytes begin, because as many
    /// lengths as there are elements still missing fit between.
    private static func encode(
        _ bytes: UnsafeMutableRawBufferPointer,
        _ starts: UnsafeMutableBufferPointer<Int>,
        total: Int
    ) throws(EngineError) {
        guard let base = bytes.baseAddress else { return }
        let count = starts.count
        for index in 0..<count {
            let start = unsafe starts[index]
            let end = unsafe index + 1 < count ? starts[index + 1] : total
            guard start >= 0, start <= end, end <= total, let length = UInt32(exactly: end - start) else {
                throw EngineError(.runFailed, "an output string is longer than 4 GiB")
            }
            let target = unsafe base + 4 * index + start
            unsafe target.storeBytes(of: length.littleEndian, as: UInt32.self)
            unsafe memmove(target + 4, base + 4 * count + start, end - start)
        }
    }

    /// Memory for an output, or the error that there is none.
    static func makeStorage(_ byteCount: Int) throws(EngineError) -> TensorStorage {
        guard let storage = TensorStorage(byteCount: byteCount) else { throw outOfMemory(byteCount) }
        return storage
    }

    /// The error for memory that isn't there.
    private static func outOfMemory(_ byteCount: Int) -> EngineError {
        EngineError(.outOfMemory, "there is no memory for an output of \(byteCount) bytes")
    }
}
