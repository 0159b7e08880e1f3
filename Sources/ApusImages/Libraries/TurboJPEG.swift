internal import ApusCore
internal import CTurboJPEG

/// libjpeg-turbo by its interface TurboJPEG, loaded at run time; for any number of threads.
@safe final class TurboJPEG: Sendable {
    private let library: CTurboJPEG_Library

    /// Loads the library; `nil` when it isn't there.
    init?(name: String) {
        var library = CTurboJPEG_Library()
        guard unsafe CTurboJPEG_open(name, &library) else { return nil }
        self.library = library
    }

    /// Decodes a file into rows without padding: bytes of grey, or of red, green and blue.
    ///
    /// - Throws: `invalidArgument` in the library's words.
    func decode(
        _ file: UnsafeBufferPointer<UInt8>,
        outline: ImageOutline,
        into pixels: UnsafeMutableRawBufferPointer
    ) throws(InferenceError) {
        guard let source = file.baseAddress, let target = pixels.baseAddress,
            pixels.count == outline.pixelBytes
        else { throw InferenceError(.internalFailure, "the memory for a picture has the wrong size") }
        var words = [CChar](repeating: 0, count: 256)
        let isWhole = unsafe words.withUnsafeMutableBufferPointer { words in
            guard let message = words.baseAddress else { return false }
            return unsafe CTurboJPEG_decode(
                library,
                source,
                file.count,
                target.assumingMemoryBound(to: UInt8.self),
                Int32(clamping: outline.width),
                Int32(clamping: outline.height),
                outline.isGrey,
                message,
                words.count
            )
        }
        guard isWhole else {
            let text = String(decoding: words.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw InferenceError.undecodable(.jpeg, text)
        }
    }
}
