package import ApusCore

/// What a picture's file says of itself before anything is decoded.
package struct ImageOutline: Hashable, Sendable {
    /// Its kind.
    package let format: ImageFormat
    /// Pixels in a row.
    package let width: Int
    /// Rows.
    package let height: Int
    /// Whether the file has grey values only.
    let isGrey: Bool
    /// Whether it is a JPEG whose values come in several passes.
    let isProgressive: Bool

    /// Reads a file's header.
    ///
    /// - Parameters:
    ///   - file: The whole file.
    ///   - format: What it was said to be.
    ///   - maxPixels: The most pixels that it may have.
    /// - Throws: `unsupportedMediaType` when it is something else, `tooLarge` for too many pixels, `invalidArgument` for
    ///   what isn't read.
    package init(_ file: Span<UInt8>, as format: ImageFormat, maxPixels: Int) throws(InferenceError) {
        guard let found = ImageFormat(of: file) else { throw InferenceError.noPicture(file, declared: format) }
        guard found == format else { throw InferenceError.mislabelled(found, declared: format) }
        self.format = format
        switch format {
        case .jpeg:
            let outline = try JPEGOutline(file)
            guard outline.components == 1 || outline.components == 3 else {
                throw InferenceError.colourSpace(components: outline.components)
            }
            (self.width, self.height, self.isGrey) = (outline.width, outline.height, outline.components == 1)
            self.isProgressive = outline.isProgressive
        case .png:
            let outline = try PNGOutline(file)
            (self.width, self.height, self.isGrey) = (outline.width, outline.height, outline.isGrey)
            self.isProgressive = false
        }
        guard width > 0, height > 0 else { throw InferenceError.undecodable(format, "it says that it has no pixels") }
        // The sides first: two numbers of 32 bits can have a product that doesn't fit.
        guard max(width, height) <= ImageOutline.longestSide, width * height <= maxPixels else {
            throw InferenceError.tooManyPixels(width: width, height: height, most: maxPixels)
        }
    }

    /// The most pixels in a row or column, which is JPEG's own limit: resizing takes memory for each of them.
    package static let longestSide = 65_535

    /// Values of a pixel, decoded.
    var channels: Int { isGrey ? 1 : 3 }

    /// Bytes of the decoded picture.
    var pixelBytes: Int { width * height * channels }
}
