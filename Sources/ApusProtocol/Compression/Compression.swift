package import ApusCore
internal import CZlib

/// Compresses answers and decompresses requests with zlib, in bounded memory.
package enum Compression {
    private static let step = 64 << 10
    /// Below this much output the ratio doesn't matter.
    private static let ratioFloor = 1 << 20

    /// Decompresses a gzip or zlib stream; whichever it is is found out by itself.
    ///
    /// - Parameters:
    ///   - bytes: The whole stream.
    ///   - limits: The most bytes that may come out, and how many times more than went in.
    /// - Returns: What came out.
    /// - Throws: `tooLarge` for a bomb, `invalidArgument` for anything that isn't one whole stream.
    package static func decompress(
        _ bytes: UnsafeRawBufferPointer,
        limits: InputLimits
    ) throws(InferenceError) -> [UInt8] {
        var stream = unsafe z_stream()
        guard unsafe CZlib_beginInflate(&stream) == Z_OK else { throw noMemory }
        defer { unsafe inflateEnd(&stream) }
        var output: [UInt8] = []
        output.reserveCapacity(min(bytes.count * 4, limits.maxBodyBytes) + 64)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: step, alignment: 16)
        defer { unsafe scratch.deallocate() }
        unsafe CZlib_setBuffers(&stream, bytes.baseAddress, bytes.count, scratch.baseAddress, step)
        let mostByRatio = bytes.count.multipliedReportingOverflow(by: limits.maxCompressionRatio)
        while true {
            let code = unsafe inflate(&stream, Z_NO_FLUSH)
            guard code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR else { throw malformed }
            let produced = unsafe step - Int(stream.avail_out)
            unsafe output.append(contentsOf: scratch[..<produced])
            guard output.count <= limits.maxBodyBytes else { throw tooLarge(limits) }
            let isOverRatio = !mostByRatio.overflow && output.count > max(mostByRatio.partialValue, ratioFloor)
            guard !isOverRatio else { throw tooLarge(limits) }
            if code == Z_STREAM_END { break }
            guard produced > 0 else { throw malformed }
            unsafe stream.next_out = scratch.baseAddress?.assumingMemoryBound(to: UInt8.self)
            unsafe stream.avail_out = UInt32(step)
        }
        guard unsafe stream.avail_in == 0 else { throw malformed }
        return output
    }

    /// Compresses bytes as one stream.
    ///
    /// - Returns: `nil` without memory, or when nothing is gained.
    package static func compress(_ bytes: UnsafeRawBufferPointer, as coding: ContentCoding) -> [UInt8]? {
        guard coding != .identity, bytes.count < Int(UInt32.max) / 2 else { return nil }
        var stream = unsafe z_stream()
        guard unsafe CZlib_beginDeflate(&stream, coding == .gzip ? 1 : 0) == Z_OK else { return nil }
        defer { unsafe deflateEnd(&stream) }
        let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
        let output = unsafe [UInt8](unsafeUninitializedCapacity: bound) { buffer, count in
            unsafe CZlib_setBuffers(&stream, bytes.baseAddress, bytes.count, buffer.baseAddress, bound)
            count = unsafe deflate(&stream, Z_FINISH) == Z_STREAM_END ? bound - Int(stream.avail_out) : 0
        }
        return output.isEmpty || output.count >= bytes.count ? nil : output
    }

    private static let noMemory = InferenceError(.resourceExhausted, "no memory to decompress the request")

    private static let malformed = InferenceError(
        .invalidArgument,
        "malformed compressed body: expected one whole gzip or zlib stream",
        field: "Content-Encoding"
    )

    private static func tooLarge(_ limits: InputLimits) -> InferenceError {
        InferenceError(
            .tooLarge,
            "the compressed body becomes larger than allowed",
            field: "Content-Encoding",
            expected: "at most \(limits.maxBodyBytes) bytes, and \(limits.maxCompressionRatio) times its own size "
                + "when that is more than 1 MiB",
            hint: "send the body uncompressed or in parts"
        )
    }
}
