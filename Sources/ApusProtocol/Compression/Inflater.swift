package import ApusCore
internal import CZlib

/// Decompresses one gzip or zlib stream into memory that the caller brings piece by piece, within limits.
///
/// Which of the two the stream is is found out by itself.
@safe package struct Inflater: ~Copyable {
    /// Below this much output the ratio doesn't matter.
    private static let ratioFloor = 1 << 20

    private let limits: InputLimits
    /// The most bytes that may come out.
    private let most: Int
    /// At a place of its own, since zlib keeps its address.
    private let stream: UnsafeMutablePointer<z_stream>
    private var produced = 0
    private var fault: InferenceError?
    /// Whether the whole stream has been read.
    package private(set) var isFinished = false

    /// Starts to read a stream.
    ///
    /// - Parameters:
    ///   - bytes: The whole stream; stays where it is for as long as the inflater is used.
    ///   - limits: The most bytes that may come out, and how many times more than went in.
    /// - Throws: `resourceExhausted` without memory, `tooLarge` for more than zlib can count.
    package init(_ bytes: UnsafeRawBufferPointer, limits: InputLimits) throws(InferenceError) {
        let (byRatio, overflow) = bytes.count.multipliedReportingOverflow(by: limits.maxCompressionRatio)
        self.limits = limits
        self.most = min(limits.maxBodyBytes, overflow ? .max : max(byRatio, Inflater.ratioFloor))
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        unsafe self.stream = unsafe stream
        guard let count = UInt32(exactly: bytes.count) else {
            unsafe stream.deallocate()
            throw Inflater.tooLarge(limits)
        }
        guard unsafe CZlib_beginInflate(stream) == Z_OK else {
            unsafe stream.deallocate()
            throw InferenceError(.resourceExhausted, "no memory to decompress the request")
        }
        unsafe CZlib_setInput(stream, bytes.baseAddress, count)
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Writes what comes next into memory of at least one byte; `check` says whether that went well.
    ///
    /// - Returns: The number of bytes written.
    package mutating func fill(_ memory: UnsafeMutableRawBufferPointer) -> Int {
        // One byte more than allowed is enough to know that there is more.
        let room = UInt32(clamping: min(memory.count, most - produced + 1))
        unsafe CZlib_setOutput(stream, memory.baseAddress, room)
        let code = unsafe inflate(stream, Z_NO_FLUSH)
        let count = unsafe Int(room - stream.pointee.avail_out)
        produced += count
        if code != Z_OK, code != Z_STREAM_END, code != Z_BUF_ERROR {
            fault = Inflater.malformed
        } else if produced > most {
            fault = Inflater.tooLarge(limits)
        } else if code == Z_STREAM_END {
            isFinished = true
            if unsafe stream.pointee.avail_in > 0 { fault = Inflater.malformed }
        } else if count == 0 {
            fault = Inflater.malformed
        }
        return count
    }

    /// Throws what the last step found.
    ///
    /// - Throws: `tooLarge` for a bomb, `invalidArgument` for anything that isn't one whole stream.
    package func check() throws(InferenceError) {
        if let fault { throw fault }
    }

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
