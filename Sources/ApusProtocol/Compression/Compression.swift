internal import CZlib

/// Compresses answers with zlib.
package enum Compression {
    /// Compresses bytes as one stream.
    ///
    /// - Returns: `nil` without memory, or when nothing is gained.
    package static func compress(_ bytes: UnsafeRawBufferPointer, as coding: ContentCoding) -> [UInt8]? {
        guard coding != .identity, let inputCount = UInt32(exactly: bytes.count) else { return nil }
        var stream = unsafe z_stream()
        guard unsafe CZlib_beginDeflate(&stream, coding == .gzip ? 1 : 0) == Z_OK else { return nil }
        defer { unsafe deflateEnd(&stream) }
        // What gains nothing need not fit.
        guard let bound = unsafe UInt32(exactly: deflateBound(&stream, UInt(inputCount))) else { return nil }
        let output = unsafe [UInt8](unsafeUninitializedCapacity: Int(bound)) { buffer, count in
            unsafe CZlib_setInput(&stream, bytes.baseAddress, inputCount)
            unsafe CZlib_setOutput(&stream, buffer.baseAddress, bound)
            count = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END ? Int(bound - stream.avail_out) : 0
        }
        return output.isEmpty || output.count >= bytes.count ? nil : output
    }
}
