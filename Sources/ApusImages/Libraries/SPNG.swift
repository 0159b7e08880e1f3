internal import ApusCore
internal import CSPNG

/// libspng, loaded at run time; for any number of threads.
@safe final class SPNG: Sendable {
    private let library: CSPNG_Library

    /// Loads the library; `nil` when it isn't there.
    init?(name: String) {
        var library = CSPNG_Library()
        guard unsafe CSPNG_open(name, &library) else { return nil }
        self.library = library
    }

    /// Decodes parts of a file, put together, into rows without padding: bytes of grey, or of red, green and blue.
    ///
    /// Transparency is left away, and of 16 bits the lower ones.
    ///
    /// - Throws: `invalidArgument` in the library's words, `resourceExhausted` without memory.
    func decode(
        _ file: UnsafeBufferPointer<UInt8>,
        ranges: [Range<Int>],
        outline: ImageOutline,
        into pixels: UnsafeMutableRawBufferPointer
    ) throws(InferenceError) {
        guard let source = file.baseAddress, let target = pixels.baseAddress,
            pixels.count == outline.pixelBytes,
            ranges.allSatisfy({ !$0.isEmpty && $0.lowerBound >= 0 && $0.upperBound <= file.count })
        else { throw InferenceError(.internalFailure, "the memory for a picture has the wrong size") }
        let parts = ranges.map { CSPNG_Range(offset: $0.lowerBound, count: $0.count) }
        let code = unsafe parts.withUnsafeBufferPointer { parts in
            guard let first = parts.baseAddress else { return Int32(CSPNG_endOfFile) }
            return unsafe CSPNG_decode(
                library,
                source,
                first,
                parts.count,
                UInt32(clamping: outline.width),
                UInt32(clamping: outline.height),
                outline.isGrey,
                target.assumingMemoryBound(to: UInt8.self),
                pixels.count
            )
        }
        guard code != Int32(CSPNG_noMemory) else {
            throw InferenceError(.resourceExhausted, "no memory for the request")
        }
        guard code == 0 else {
            let words = unsafe CSPNG_words(library, code)
            throw InferenceError.undecodable(.png, unsafe words.map { unsafe String(cString: $0) } ?? "no reason given")
        }
    }
}
